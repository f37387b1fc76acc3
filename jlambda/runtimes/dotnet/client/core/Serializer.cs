// Source-compatible with Amazon.Lambda.Core: how events and results are read and written.
// https://docs.aws.amazon.com/lambda/latest/dg/csharp-handler.html

using System;
using System.IO;

namespace Amazon.Lambda.Core
{
    /// <summary>Reads events and writes results.</summary>
    public interface ILambdaSerializer
    {
        T Deserialize<T>(Stream requestStream);

        void Serialize<T>(T response, Stream responseStream);
    }

    /// <summary>Names the serializer of an assembly or of one handler.</summary>
    [AttributeUsage(AttributeTargets.Assembly | AttributeTargets.Method)]
    public sealed class LambdaSerializerAttribute : Attribute
    {
        public LambdaSerializerAttribute(Type serializerType) => SerializerType = serializerType;

        public Type SerializerType { get; set; }
    }
}
