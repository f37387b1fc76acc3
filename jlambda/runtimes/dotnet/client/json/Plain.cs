// Values that are JSON already, read and written by System.Text.Json's reader and writer alone: JsonSerializer, which finds out
// about types first, takes longer to begin with than the whole CLR. What is not of these types is left to it, and so is what
// is wrong, for its words.

using System;
using System.Collections.Generic;
using System.IO;
using System.Text.Json;

namespace Amazon.Lambda.Serialization.SystemTextJson
{
    internal static class Plain
    {
        // JsonSerializer goes no deeper than 64
        private const int MaxDepth = 60;

        public static bool CanRead(Type type) =>
            type == typeof(string) || type == typeof(object) || type == typeof(JsonElement)
            || type == typeof(Dictionary<string, object>) || type == typeof(Dictionary<string, string>);

        public static bool CanWrite(Type type) => CanRead(type) || type == typeof(List<object>) || type == typeof(object[]);

        /// <summary>The value of a type that can be read; false if the text is not one of it.</summary>
        public static bool TryRead(Stream stream, Type type, out object value)
        {
            value = null;
            if (stream is not MemoryStream memory || !memory.TryGetBuffer(out var whole))
            {
                return false;
            }
            JsonElement found;
            try
            {
                using var document = JsonDocument.Parse(whole.AsMemory((int)memory.Position));
                found = document.RootElement.Clone();
            }
            catch (JsonException)
            {
                return false;
            }
            if (type == typeof(JsonElement))
            {
                value = found;
            }
            else if (found.ValueKind == JsonValueKind.Null)
            {
                return true;
            }
            else if (type == typeof(object))
            {
                value = found;
            }
            else if (type == typeof(string))
            {
                value = found.ValueKind == JsonValueKind.String ? found.GetString() : null;
            }
            else if (found.ValueKind == JsonValueKind.Object)
            {
                value = type == typeof(Dictionary<string, object>) ? Members(found) : Texts(found);
            }
            return value != null;
        }

        /// <summary>Write a value, unless something in it is of another type: then what is in the writer is of no use.</summary>
        public static bool TryWrite(Utf8JsonWriter writer, object value) => TryWrite(writer, value, 0);

        private static Dictionary<string, object> Members(JsonElement found)
        {
            var members = new Dictionary<string, object>();
            foreach (var member in found.EnumerateObject())
            {
                members[member.Name] = member.Value.ValueKind == JsonValueKind.Null ? null : member.Value;
            }
            return members;
        }

        private static Dictionary<string, string> Texts(JsonElement found)
        {
            var texts = new Dictionary<string, string>();
            foreach (var member in found.EnumerateObject())
            {
                if (member.Value.ValueKind is not (JsonValueKind.String or JsonValueKind.Null))
                {
                    return null;
                }
                texts[member.Name] = member.Value.GetString();
            }
            return texts;
        }

        private static bool TryWrite(Utf8JsonWriter writer, object value, int depth)
        {
            switch (value)
            {
                case null:
                    writer.WriteNullValue();
                    return true;
                case string text:
                    writer.WriteStringValue(text);
                    return true;
                case bool isSo:
                    writer.WriteBooleanValue(isSo);
                    return true;
                case int number:
                    writer.WriteNumberValue(number);
                    return true;
                case long number:
                    writer.WriteNumberValue(number);
                    return true;
                case double number:
                    writer.WriteNumberValue(number);
                    return true;
                case JsonElement element:
                    element.WriteTo(writer);
                    return true;
                case Dictionary<string, object> members:
                    return TryWriteMembers(writer, members, depth);
                case Dictionary<string, string> texts:
                    writer.WriteStartObject();
                    foreach (var pair in texts)
                    {
                        writer.WriteString(pair.Key, pair.Value);
                    }
                    writer.WriteEndObject();
                    return true;
                case List<object> items:
                    return TryWriteItems(writer, items, depth);
                case object[] items when items.GetType() == typeof(object[]):
                    return TryWriteItems(writer, items, depth);
                default:
                    return false;
            }
        }

        private static bool TryWriteMembers(Utf8JsonWriter writer, Dictionary<string, object> members, int depth)
        {
            writer.WriteStartObject();
            foreach (var pair in members)
            {
                writer.WritePropertyName(pair.Key);
                if (depth == MaxDepth || !TryWrite(writer, pair.Value, depth + 1))
                {
                    return false;
                }
            }
            writer.WriteEndObject();
            return true;
        }

        private static bool TryWriteItems(Utf8JsonWriter writer, IList<object> items, int depth)
        {
            writer.WriteStartArray();
            for (var i = 0; i < items.Count; i++)
            {
                if (depth == MaxDepth || !TryWrite(writer, items[i], depth + 1))
                {
                    return false;
                }
            }
            writer.WriteEndArray();
            return true;
        }
    }
}
