# frozen_string_literal: true

# The process of a Ruby function: loads its handler, then answers one invocation after another.
#
# Standard library only, Ruby 3.0 and later. What a function sees of it is AWS's; it does not know what runs behind the
# Runtime API.

require 'json'
require_relative 'runtime_api'
require_relative 'context'
require_relative 'handler'
require_relative 'failure'
require_relative 'logging'

$stdout.sync = true
$stderr.sync = true

module JLambda
  # codes of AWS's client: what the process ends with, as two's complement
  INIT_FAILED = -4
  HANDLER_FAILED = -1

  class << self
    def run
      api = RuntimeApi.new(ENV.fetch('AWS_LAMBDA_RUNTIME_API'))
      handler = load_handler(api)
      loop { answer(api, handler, api.next_invocation) }
    rescue RuntimeApi::Closed
      exit 1
    end

    private

    def load_handler(api)
      $LOAD_PATH.unshift(Dir.pwd) unless $LOAD_PATH.include?(Dir.pwd)
      name = ENV.fetch('_HANDLER')
      handler = LambdaHandler.new(name)
      require handler.file
      handler
    rescue Exception => e # `exit`, a missing gem and a syntax error are errors of the init phase too
      failure = Failure.new(e, 'Init')
      Logging.failure(failure, "Init error when loading handler #{name}")
      api.fail_init(failure)
      exit INIT_FAILED
    end

    def answer(api, handler, invocation)
      $_global_aws_request_id = invocation.id
      ENV['_X_AMZN_TRACE_ID'] = invocation['trace-id'] if invocation['trace-id']
      api.respond(invocation, *handler.call(invocation.event, LambdaContext.new(invocation)))
    rescue RuntimeApi::Closed
      raise
    rescue NameError => e # also NoMethodError: AWS replaces the process after these
      fail_for_good(api, invocation, e)
    rescue StandardError => e
      report(api, invocation, e, 'Error raised from handler method')
    rescue Exception => e # `exit`, SystemStackError, NoMemoryError, ...
      fail_for_good(api, invocation, e)
    end

    def fail_for_good(api, invocation, error)
      report(api, invocation, error, 'Critical exception from handler')
      exit HANDLER_FAILED
    end

    def report(api, invocation, error, message)
      failure = Failure.new(error, 'Function')
      Logging.failure(failure, message)
      api.fail(invocation, failure)
    end
  end
end

JLambda.run
