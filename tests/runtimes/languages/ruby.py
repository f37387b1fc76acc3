"""Ruby in the table of behaviours. (`exit` is an exception in Ruby, and so an error; `exit!` ends the process.)"""

from tests.runtimes.languages.behaviours import Sources

_HANDLER = """
$count = 0
KEPT = "#{ENV.fetch('TMPDIR', '/tmp')}/kept"

def lambda_handler(event:, context:)
  case event['do']
  when 'echo' then event['value']
  when 'error' then raise 'boom'
  when 'async_error' then Thread.new { Thread.current.report_on_exception = false; sleep 0.001; raise 'boom' }.join
  when 'sleep' then sleep(event['seconds']) && nil
  when 'eat'
    eaten = []
    loop { eaten << 'x' * (1 << 24) }
  when 'exit' then exit!(3)
  when 'print'
    puts 'to stdout é'
    warn 'to stderr'
  when 'environment' then ENV[event['name']]
  when 'count' then $count += 1
  when 'tmp'
    before = File.exist?(KEPT) ? File.read(KEPT) : nil
    File.write(KEPT, event['value'])
    before
  when 'context'
    { request_id: context.aws_request_id, function: context.function_name, version: context.function_version,
      memory: context.memory_limit_in_mb, arn: context.invoked_function_arn,
      remaining_ms: context.get_remaining_time_in_millis, log_group: context.log_group_name,
      log_stream: context.log_stream_name }
  end
end
"""

_BROKEN = "raise 'no luck'\ndef lambda_handler(event:, context:) = nil\n"

SOURCES = Sources("ruby", _HANDLER, _BROKEN, "Function<RuntimeError>", "Init<RuntimeError>")
