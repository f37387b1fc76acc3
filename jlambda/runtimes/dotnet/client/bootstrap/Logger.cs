// The log: Console.Out and Console.Error, whose lines get time, request and level as on AWS since .NET 6, and the logger of
// every context. Text, or one JSON object a message, as AWS_LAMBDA_LOG_FORMAT says.

using System;
using System.IO;
using System.Reflection;
using System.Text;
using System.Text.Json;
using Amazon.Lambda.Core;

namespace Jlambda
{
    internal sealed class Logger : ILambdaLogger
    {
        // not the package's: its Amazon.Lambda.Core may be older than levels
        internal enum Level
        {
            Trace,
            Debug,
            Information,
            Warning,
            Error,
            Critical,
        }

        private static readonly string[] Names = { "Trace", "Debug", "Information", "Warning", "Error", "Critical" };
        private static readonly string[] Labels = { "trce", "dbug", "info", "warn", "fail", "crit" };
        private static readonly string[] AwsNames = { "TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL" };

        private readonly bool isJson = Variable("AWS_LAMBDA_LOG_FORMAT") == "JSON";
        private readonly bool isPlain = Variable("AWS_LAMBDA_HANDLER_LOG_FORMAT") == "Unformatted";
        private readonly int least = Least();
        private readonly object writing = new object();

        public Logger()
        {
            Out = new Lines(this, 1, Level.Information);
            Error = new Lines(this, 2, Level.Error);
            Console.SetOut(Out);
            Console.SetError(Error);
            // a package's own copy of Amazon.Lambda.Core writes to the console
            typeof(LambdaLogger).GetField("_writer", BindingFlags.NonPublic | BindingFlags.Static)
                ?.SetValue(null, new Action<string, string>((level, message) => Out.Message(level == null ? null : Parsed(level), message, null)));
        }

        /// <summary>The request that runs, empty in the init phase.</summary>
        public string RequestId { get; set; } = "";

        public Lines Out { get; }

        public Lines Error { get; }

        public void Log(string message) => Out.Message(Level.Information, message, null);

        public void LogLine(string message) => Out.Message(Level.Information, message, null);

        public void Log(string level, string message) => Out.Message(Parsed(level), message, null);

        public void Log(string level, string message, params object[] args) => Out.Message(Parsed(level), Filled(message, args), null);

        public void Log(string level, Exception exception, string message, params object[] args) =>
            Out.Message(Parsed(level), Filled(message, args), exception);

        private static string Variable(string name) => Environment.GetEnvironmentVariable(name);

        private static int Least()
        {
            var named = Variable("AWS_LAMBDA_LOG_LEVEL") ?? Variable("AWS_LAMBDA_HANDLER_LOG_LEVEL") ?? "";
            var place = Array.IndexOf(AwsNames, named.ToUpperInvariant());
            return place >= 0 ? place : (int)(Parsed(named) ?? Level.Information);
        }

        private static Level? Parsed(string level)
        {
            var place = Array.FindIndex(Names, name => name.Equals(level, StringComparison.OrdinalIgnoreCase));
            return place >= 0 ? (Level)place : null;
        }

        /// <summary>A message with its {names} replaced by the arguments, in their order.</summary>
        private static string Filled(string message, object[] args)
        {
            var filled = new StringBuilder();
            var next = 0;
            for (var at = 0; at < message.Length; at++)
            {
                var close = message[at] == '{' ? message.IndexOf('}', at) : -1;
                if (close > at + 1 && next < args.Length)
                {
                    var format = message.IndexOf(':', at, close - at);
                    filled.AppendFormat(format < 0 ? "{0}" : "{0" + message.Substring(format, close - format) + "}", args[next++]);
                    at = close;
                }
                else
                {
                    filled.Append(message[at]);
                }
            }
            return filled.ToString();
        }

        private string Formatted(Level? level, string message, Exception exception)
        {
            if (isJson)
            {
                return Record(level ?? Level.Information, message, exception);
            }
            var text = exception == null ? message : string.IsNullOrEmpty(message) ? exception.ToString() : message + "\n" + exception;
            if (isPlain)
            {
                return text + "\n";
            }
            var label = level is Level known ? Labels[(int)known] + "\t" : "";
            return DateTime.UtcNow.ToString("yyyy-MM-ddTHH:mm:ss.fffZ") + "\t" + RequestId + "\t" + label + text + "\n";
        }

        private string Record(Level level, string message, Exception exception)
        {
            var whole = new MemoryStream();
            using (var writer = new Utf8JsonWriter(whole))
            {
                writer.WriteStartObject();
                writer.WriteString("timestamp", DateTime.UtcNow.ToString("yyyy-MM-ddTHH:mm:ss.fffZ"));
                writer.WriteString("level", Names[(int)level]);
                writer.WriteString("requestId", RequestId);
                writer.WriteString("message", message);
                if (exception != null)
                {
                    writer.WriteString("errorType", exception.GetType().FullName);
                    writer.WriteString("errorMessage", exception.Message);
                    writer.WriteString("stackTrace", exception.StackTrace);
                }
                writer.WriteEndObject();
            }
            return Encoding.UTF8.GetString(whole.ToArray()) + "\n";
        }

        /// <summary>Standard output or error. A line is a message of its level; what is written without an end goes out as it is.</summary>
        internal sealed class Lines : TextWriter
        {
            private readonly Logger log;
            private readonly int descriptor;
            private readonly Level usual;

            public Lines(Logger log, int descriptor, Level usual)
            {
                this.log = log;
                this.descriptor = descriptor;
                this.usual = usual;
                CoreNewLine = new[] { '\n' };
            }

            public override Encoding Encoding => Encoding.UTF8;

            public void Message(Level? level, string message, Exception exception)
            {
                if (level == null || (int)level >= log.least)
                {
                    Write(log.Formatted(level, message ?? "", exception));
                }
            }

            public override void Write(char value) => Write(value.ToString());

            public override void Write(char[] buffer, int index, int count) => Write(new string(buffer, index, count));

            public override void Write(string value)
            {
                if (!string.IsNullOrEmpty(value))
                {
                    var bytes = Encoding.UTF8.GetBytes(value);
                    lock (log.writing)
                    {
                        Native.Write(descriptor, bytes);
                    }
                }
            }

            public override void WriteLine() => Message(usual, "", null);

            public override void WriteLine(string value) => Message(usual, value, null);

            public override void WriteLine(object value) => Message(usual, value?.ToString(), null);

            public override void WriteLine(char value) => Message(usual, value.ToString(), null);

            public override void WriteLine(char[] buffer) => Message(usual, buffer == null ? "" : new string(buffer), null);

            public override void WriteLine(char[] buffer, int index, int count) => Message(usual, new string(buffer, index, count), null);

            public override void WriteLine(bool value) => Message(usual, value.ToString(), null);

            public override void WriteLine(int value) => Message(usual, value.ToString(), null);

            public override void WriteLine(uint value) => Message(usual, value.ToString(), null);

            public override void WriteLine(long value) => Message(usual, value.ToString(), null);

            public override void WriteLine(ulong value) => Message(usual, value.ToString(), null);

            public override void WriteLine(float value) => Message(usual, value.ToString(), null);

            public override void WriteLine(double value) => Message(usual, value.ToString(), null);

            public override void WriteLine(decimal value) => Message(usual, value.ToString(), null);

            public override void WriteLine(string format, object arg0) => Message(usual, string.Format(format, arg0), null);

            public override void WriteLine(string format, object arg0, object arg1) => Message(usual, string.Format(format, arg0, arg1), null);

            public override void WriteLine(string format, object arg0, object arg1, object arg2) => Message(usual, string.Format(format, arg0, arg1, arg2), null);

            public override void WriteLine(string format, params object[] arg) => Message(usual, string.Format(format, arg), null);
        }
    }
}
