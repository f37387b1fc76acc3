// How a failure reads: the error document that the caller gets, and the text that goes to the log. The document is AWS's.

using System;
using System.Collections.Generic;
using System.IO;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Jlambda
{
    /// <summary>A handler string, or what it names, cannot be a handler; called as on AWS, where callers see the name.</summary>
    internal sealed class LambdaValidationException : Exception
    {
        public LambdaValidationException(string message)
            : base(message)
        {
        }
    }

    internal static class Failure
    {
        private const int MaxCauses = 50;
        private static readonly string[] Hidden = { "at Jlambda.", "at System.RuntimeMethodHandle.InvokeMethod(", "at System.Reflection.", "at InvokeStub_" };

        public static byte[] Document(Exception error)
        {
            var whole = new MemoryStream();
            var options = new JsonWriterOptions { Indented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };
            using (var writer = new Utf8JsonWriter(whole, options))
            {
                Write(writer, error, MaxCauses);
            }
            return whole.ToArray();
        }

        public static string Text(Exception error)
        {
            var lines = new List<string>();
            foreach (var line in error.ToString().Split('\n'))
            {
                if (!IsHidden(line))
                {
                    lines.Add(line);
                }
            }
            return string.Join("\n", lines);
        }

        private static void Write(Utf8JsonWriter writer, Exception error, int depth)
        {
            writer.WriteStartObject();
            writer.WriteString("errorType", error.GetType().Name);
            writer.WriteString("errorMessage", error.Message);
            writer.WriteStartArray("stackTrace");
            foreach (var line in (error.StackTrace ?? "").Split('\n'))
            {
                if (line.Trim().Length > 0 && !IsHidden(line))
                {
                    writer.WriteStringValue(line.Trim());
                }
            }
            writer.WriteEndArray();
            if (error.InnerException != null && depth > 0)
            {
                writer.WritePropertyName("cause");
                Write(writer, error.InnerException, depth - 1);
            }
            if (error is AggregateException several && depth > 0)
            {
                writer.WriteStartArray("causes");
                foreach (var inner in several.InnerExceptions)
                {
                    Write(writer, inner, depth - 1);
                }
                writer.WriteEndArray();
            }
            writer.WriteEndObject();
        }

        private static bool IsHidden(string line)
        {
            var text = line.TrimStart();
            foreach (var start in Hidden)
            {
                if (text.StartsWith(start, StringComparison.Ordinal))
                {
                    return true;
                }
            }
            return false;
        }
    }
}
