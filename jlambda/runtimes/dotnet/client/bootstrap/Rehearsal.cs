// JSON read and written once, on a thread beside the rest of the init phase: a third of what a cold start takes is code of
// System.Text.Json that is not compiled ahead.

using System;
using System.IO;
using System.Runtime.CompilerServices;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Threading;

namespace Jlambda
{
    internal static class Rehearsal
    {
        private const string Event = "{\"text\": \"a\", \"number\": 1}";
        private static Thread thread;

        public static void Start()
        {
            thread = new Thread(Run) { IsBackground = true };
            thread.Start();
        }

        /// <summary>Waits until it is over: nothing of it is left to a first invocation.</summary>
        public static void End() => thread.Join();

        private static void Run()
        {
            try
            {
                ReadAndWrite();
            }
            catch (Exception)
            {
                // a package's own System.Text.Json that does not fit: told where a handler needs it
            }
        }

        [MethodImpl(MethodImplOptions.NoInlining)]
        private static void ReadAndWrite()
        {
            using var document = JsonDocument.Parse(Event);
            using var writer = new Utf8JsonWriter(new MemoryStream(), new JsonWriterOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping });
            writer.WriteStartObject();
            foreach (var member in document.RootElement.Clone().EnumerateObject())
            {
                writer.WritePropertyName(member.Name);
                member.Value.WriteTo(writer);
            }
            writer.WriteEndObject();
        }
    }
}
