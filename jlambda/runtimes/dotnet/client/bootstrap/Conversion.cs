// A serializer's generic methods for a type that is known at run time only: by a class made for it, since a call by
// reflection has code generated first.

using System;
using System.IO;
using Amazon.Lambda.Core;

namespace Jlambda
{
    internal abstract class Conversion
    {
        public abstract bool IsOfValues { get; }

        public static Conversion Of(Type type) => (Conversion)Activator.CreateInstance(typeof(Typed<>).MakeGenericType(type));

        public abstract object Read(ILambdaSerializer serializer, Stream from);

        public abstract void Write(ILambdaSerializer serializer, object value, Stream to);

        private sealed class Typed<T> : Conversion
        {
            public override bool IsOfValues => typeof(T).IsValueType;

            public override object Read(ILambdaSerializer serializer, Stream from) => serializer.Deserialize<T>(from);

            public override void Write(ILambdaSerializer serializer, object value, Stream to) => serializer.Serialize((T)value, to);
        }
    }
}
