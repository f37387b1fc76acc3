# frozen_string_literal: true

module JLambda
  # How an exception reads in the answer, by the phase that it ended: "Function" or "Init".
  class Failure
    HERE = "#{__dir__}/"
    FRAMES = 100

    # other classes are not named in the header: they are the function's own
    NAMED = %w[ArgumentError NoMethodError Exception StandardError NameError LoadError SystemExit SystemStackError].freeze

    attr_reader :error

    def initialize(error, phase)
      @error = error
      @type = "#{phase}<#{error.class}>"
    end

    def document
      { errorMessage: text(@error.message), errorType: @type, stackTrace: stack }
    end

    def header = NAMED.include?(@error.class.to_s) ? @type : 'Function<UserException>'

    private

    # The function's frames: all below the first one of this client are how it got there.
    def stack
      frames = (@error.backtrace || []).take_while { |frame| !frame.start_with?(HERE) }
      frames.first(FRAMES).map { |frame| shown(text(frame)) }
    end

    # The path as the function's own, also where the code could not be put at /var/task.
    def shown(frame)
      root = "#{ENV.fetch('LAMBDA_TASK_ROOT', '/var/task')}/"
      frame.start_with?(root) ? "/var/task/#{frame.delete_prefix(root)}" : frame
    end

    def text(string) = string.encode(Encoding::UTF_8, invalid: :replace, undef: :replace).scrub
  end
end
