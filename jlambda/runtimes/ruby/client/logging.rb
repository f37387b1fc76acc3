# frozen_string_literal: true

require 'logger'

module JLambda
  # What goes to the log: the lines of `Logger` carry the request's id, in the function's log format.
  module Logging
    JSON_FORMAT = ENV['AWS_LAMBDA_LOG_FORMAT'].to_s.casecmp?('JSON')
    # https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-log-level.html
    LEVELS = { 'TRACE' => 'debug', 'DEBUG' => 'debug', 'INFO' => 'info', 'WARN' => 'warn', 'ERROR' => 'error',
               'FATAL' => 'fatal' }.freeze
    LEVEL = LEVELS.fetch(JSON_FORMAT ? ENV['AWS_LAMBDA_LOG_LEVEL'].to_s.upcase : '', 'debug')

    class Text < Logger::Formatter
      def call(severity, time, progname, message)
        format("%<letter>s, [%<time>s #%<process>d] %<severity>5s %<id>s -- %<progname>s: %<message>s\n",
               letter: severity[0], time: format_datetime(time).strip, process: Process.pid, severity: severity,
               id: $_global_aws_request_id, progname: progname, message: msg2str(message)).scrub
      end
    end

    class Json < Logger::Formatter
      def call(severity, time, progname, message)
        record = Logging.record(severity, time, message.is_a?(Exception) ? message.message : msg2str(message))
        record[:logger] = progname.to_s unless progname.to_s.empty?
        if message.is_a?(Exception)
          record.update(errorType: message.class.to_s, errorMessage: message.message, stackTrace: message.backtrace || [])
        end
        "#{JSON.generate(record)}\n"
      end
    end

    # Loggers to standard output, standard error or nowhere write AWS's format; those to files stay as they are.
    module Patch
      def initialize(logdev, *rest, level: LEVEL, **options)
        is_log = !logdev || logdev == $stdout || logdev == $stderr
        super(is_log ? $stdout : logdev, *rest, level: level, **options)
        return unless is_log

        formatter = (JSON_FORMAT ? Json : Text).new
        formatter.datetime_format = @default_formatter.datetime_format
        @default_formatter = formatter
      end
    end
    Logger.prepend(Patch)

    class << self
      def record(severity, time, message)
        { timestamp: time.utc.strftime('%Y-%m-%dT%H:%M:%S.%6NZ'), level: severity, message: message,
          requestId: $_global_aws_request_id }.compact
      end

      def failure(failure, message)
        if JSON_FORMAT
          puts JSON.generate(record('ERROR', Time.now, message).merge(failure.document))
        else
          puts message, JSON.pretty_generate(failure.document)
        end
      end
    end
  end
end
