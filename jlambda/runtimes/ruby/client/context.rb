# frozen_string_literal: true

# The second argument of every handler.
#
# https://docs.aws.amazon.com/lambda/latest/dg/ruby-context.html
class LambdaContext
  attr_reader :aws_request_id, :client_context, :clock_diff, :deadline_ms, :function_name, :function_version, :identity,
              :invoked_function_arn, :log_group_name, :log_stream_name, :memory_limit_in_mb

  def initialize(invocation)
    # a clock that is set while the function runs does not change how long it has left
    @clock_diff = clock(Process::CLOCK_REALTIME) - clock(Process::CLOCK_MONOTONIC)
    @deadline_ms = invocation['deadline-ms'].to_i
    @aws_request_id = invocation.id
    @invoked_function_arn = invocation['invoked-function-arn']
    @function_name = ENV['AWS_LAMBDA_FUNCTION_NAME']
    @function_version = ENV['AWS_LAMBDA_FUNCTION_VERSION']
    @memory_limit_in_mb = ENV['AWS_LAMBDA_FUNCTION_MEMORY_SIZE']
    @log_group_name = ENV['AWS_LAMBDA_LOG_GROUP_NAME']
    @log_stream_name = ENV['AWS_LAMBDA_LOG_STREAM_NAME']
    @identity = parsed(invocation['cognito-identity'])
    @client_context = parsed(invocation['client-context'])
  end

  def get_remaining_time_in_millis
    [0, @deadline_ms - clock(Process::CLOCK_MONOTONIC) - @clock_diff].max
  end

  private

  def clock(which) = Process.clock_gettime(which, :millisecond)

  def parsed(json) = json.to_s.empty? ? nil : JSON.parse(json)
end
