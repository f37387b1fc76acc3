// Source-compatible with Amazon.Lambda.Serialization.SystemTextJson.

using System;
using System.IO;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using Amazon.Lambda.Core;

namespace Amazon.Lambda.Serialization.SystemTextJson
{
    /// <summary>JSON by System.Text.Json: names in any case are read and written as declared, null members left out.</summary>
    public class DefaultLambdaJsonSerializer : ILambdaSerializer
    {
        private readonly bool isPlain;
        private JsonSerializerOptions options;

        public DefaultLambdaJsonSerializer()
        {
            isPlain = GetType() == typeof(DefaultLambdaJsonSerializer);
        }

        public DefaultLambdaJsonSerializer(Action<JsonSerializerOptions> customizer)
        {
            isPlain = false;
            customizer?.Invoke(SerializerOptions);
        }

        protected JsonSerializerOptions SerializerOptions => options ??= new JsonSerializerOptions
        {
            DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
            PropertyNameCaseInsensitive = true,
            Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        };

        public T Deserialize<T>(Stream requestStream)
        {
            if (isPlain && Plain.CanRead(typeof(T)) && Plain.TryRead(requestStream, typeof(T), out var value))
            {
                return (T)value;
            }
            try
            {
                return requestStream is MemoryStream memory && memory.TryGetBuffer(out var whole)
                    ? JsonSerializer.Deserialize<T>(whole.AsSpan((int)memory.Position), SerializerOptions)
                    : JsonSerializer.Deserialize<T>(requestStream, SerializerOptions);
            }
            catch (Exception error)
            {
                var kind = typeof(T) == typeof(string)
                    ? "a string. JSON strings must be quoted, for example \"Hello World\" in order to be converted to a string"
                    : "type " + typeof(T).FullName;
                throw new JsonSerializerException("Error converting the Lambda event JSON payload to " + kind + ": " + error.Message, error);
            }
        }

        public void Serialize<T>(T response, Stream responseStream)
        {
            try
            {
                // what is in the writer leaves it at its end only
                using var writer = new Utf8JsonWriter(responseStream, new JsonWriterOptions { Encoder = isPlain ? JavaScriptEncoder.UnsafeRelaxedJsonEscaping : SerializerOptions.Encoder });
                if (isPlain && Plain.CanWrite(typeof(T)) && Plain.TryWrite(writer, response))
                {
                    return;
                }
                writer.Reset();
                JsonSerializer.Serialize(writer, response, SerializerOptions);
            }
            catch (Exception error)
            {
                throw new JsonSerializerException(
                    "Error converting the response object of type " + typeof(T).FullName + " from the Lambda function to JSON: " + error.Message, error);
            }
        }
    }

    /// <summary>The same with names written in camelCase.</summary>
    public class CamelCaseLambdaJsonSerializer : DefaultLambdaJsonSerializer
    {
        public CamelCaseLambdaJsonSerializer()
            : base(options => options.PropertyNamingPolicy = JsonNamingPolicy.CamelCase)
        {
        }
    }

    /// <summary>An event or a result that is not what the handler says.</summary>
    public class JsonSerializerException : Exception
    {
        public JsonSerializerException(string message)
            : base(message)
        {
        }

        public JsonSerializerException(string message, Exception exception)
            : base(message, exception)
        {
        }
    }
}
