// Finds the method that `Assembly::Namespace.Class::Method` names and calls it. The rules and the words of every fault are
// those of AWS's runtime, but for one: an assembly that names no serializer gets the default one.

using System;
using System.Collections.Generic;
using System.IO;
using System.Reflection;
using System.Runtime.CompilerServices;
using System.Runtime.Loader;
using System.Threading.Tasks;
using Amazon.Lambda.Core;

namespace Jlambda
{
    internal sealed class Handler
    {
        private const BindingFlags Any = BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Instance | BindingFlags.Static | BindingFlags.FlattenHierarchy;
        // ECMA-335, II.22.37: the table of types and its second row; the first is <Module>
        private const int FirstType = 0x02000002;
        private static readonly byte[] Null = { (byte)'n', (byte)'u', (byte)'l', (byte)'l' };

        private readonly MethodInfo method;
        private readonly object target;
        private readonly ILambdaSerializer serializer;
        private readonly ParameterInfo[] parameters;
        private readonly Conversion read;
        private readonly Conversion write;
        private readonly PropertyInfo taskResult;

        private Handler(MethodInfo method, object target, ILambdaSerializer serializer)
        {
            this.method = method;
            this.target = target;
            this.serializer = serializer;
            parameters = method.GetParameters();
            if (parameters.Length > 0 && parameters[0].ParameterType != typeof(ILambdaContext) && parameters[0].ParameterType != typeof(Stream))
            {
                read = Conversion.Of(parameters[0].ParameterType);
            }
            var returned = method.ReturnType;
            if (typeof(Task).IsAssignableFrom(returned))
            {
                taskResult = returned.IsGenericType ? returned.GetProperty("Result") : null;
                returned = taskResult?.PropertyType ?? typeof(void);
            }
            if (returned != typeof(void) && !typeof(Stream).IsAssignableFrom(returned))
            {
                write = Conversion.Of(returned);
            }
        }

        public static Handler Load(string name, string taskRoot)
        {
            var parts = Parts(name);
            if (parts.Count != 3 || parts.Exists(string.IsNullOrWhiteSpace))
            {
                throw new LambdaValidationException("Invalid lambda function handler: '" + name + "'. The valid format is 'ASSEMBLY::TYPE::METHOD'.");
            }
            var (assemblyName, typeName, methodName) = (parts[0].Trim(), parts[1].Trim(), parts[2].Trim());
            var assembly = Assembly(assemblyName, taskRoot);
            var type = Type(assembly, typeName)
                ?? throw new LambdaValidationException("Unable to load type '" + typeName + "' from assembly '" + assemblyName + "'.");
            var method = Method(type, methodName, assemblyName);
            var serializer = Serializer(method, assembly);
            object target = null;
            if (!method.IsStatic)
            {
                if (type.IsAbstract)
                {
                    throw new LambdaValidationException("The instance method '" + methodName + "' cannot be used as a Lambda Handler because its type '"
                        + typeName + "' is abstract. Please either use a static handler or specify a type that is not abstract.");
                }
                target = Activator.CreateInstance(type, BindingFlags.Instance | BindingFlags.Public | BindingFlags.DoNotWrapExceptions, null, null, null);
            }
            else
            {
                RuntimeHelpers.RunClassConstructor(type.TypeHandle);
            }
            var handler = new Handler(method, target, serializer);
            handler.Rehearse();
            return handler;
        }

        public ReadOnlyMemory<byte> Call(byte[] body, ILambdaContext context)
        {
            var arguments = new object[parameters.Length];
            for (var i = 0; i < arguments.Length; i++)
            {
                var type = parameters[i].ParameterType;
                arguments[i] = type == typeof(ILambdaContext) ? context : type == typeof(Stream) ? Open(body) : read.Read(serializer, Open(body));
            }
            var result = method.Invoke(target, BindingFlags.DoNotWrapExceptions, null, arguments, null);
            if (result is Task task)
            {
                task.GetAwaiter().GetResult();
                result = taskResult?.GetValue(task);
            }
            if (write == null && result is not Stream)
            {
                return Null;
            }
            var whole = new MemoryStream();
            if (result is Stream stream)
            {
                stream.CopyTo(whole);
                stream.Dispose();
            }
            else
            {
                write.Write(serializer, result, whole);
            }
            return whole.GetBuffer().AsMemory(0, (int)whole.Length);
        }

        /// <summary>
        /// Reads and writes a null with the default serializer: the init phase has the CPU to itself, the first invocation only
        /// its share.
        /// </summary>
        private void Rehearse()
        {
            if (serializer.GetType() == typeof(Amazon.Lambda.Serialization.SystemTextJson.DefaultLambdaJsonSerializer))
            {
                if (read != null && !read.IsOfValues)
                {
                    read.Read(serializer, Open(Null));
                }
                if (write != null && !write.IsOfValues)
                {
                    write.Write(serializer, null, new MemoryStream());
                }
            }
        }

        /// <summary>What stands between double colons; string.Split is not compiled ahead.</summary>
        private static List<string> Parts(string name)
        {
            var parts = new List<string>();
            var at = 0;
            for (var i = 0; i + 1 < name.Length; i++)
            {
                if (name[i] == ':' && name[i + 1] == ':')
                {
                    parts.Add(name.Substring(at, i - at));
                    at = ++i + 1;
                }
            }
            parts.Add(name.Substring(at));
            return parts;
        }

        private static MemoryStream Open(byte[] body) => new MemoryStream(body, 0, body.Length, false, true);

        private static Assembly Assembly(string name, string taskRoot)
        {
            try
            {
                // the usual place; an AssemblyName takes longer to be understood than the assembly to be loaded
                var path = Path.Combine(taskRoot, name + ".dll");
                if (File.Exists(path))
                {
                    return AssemblyLoadContext.Default.LoadFromAssemblyPath(path);
                }
                return AssemblyLoadContext.Default.LoadFromAssemblyName(new AssemblyName(name));
            }
            catch (FileNotFoundException)
            {
                throw new LambdaValidationException("Could not find the specified handler assembly with the file name '" + name
                    + "'. The assembly should be located in the root of your uploaded .zip file.");
            }
            catch (Exception error) when (error is BadImageFormatException or FileLoadException)
            {
                throw new LambdaValidationException("Unable to load assembly '" + name + "'.");
            }
        }

        /// <summary>
        /// A type by its name, null if there is none. The first of an assembly are looked at one by one: GetType takes names
        /// apart with code that is not compiled ahead.
        /// </summary>
        private static Type Type(Assembly assembly, string name)
        {
            for (var token = FirstType; token < FirstType + 16; token++)
            {
                Type type;
                try
                {
                    type = assembly.ManifestModule.ResolveType(token);
                }
                catch (Exception)
                {
                    break; // there are no more, or one of them cannot be loaded
                }
                if (type.FullName == name)
                {
                    return type;
                }
            }
            return assembly.GetType(name);
        }

        private static MethodInfo Method(Type type, string name, string assemblyName)
        {
            var found = new List<MethodInfo>();
            foreach (var each in type.GetMember(name, MemberTypes.Method, Any))
            {
                found.Add((MethodInfo)each);
            }
            foreach (var each in found.Count == 0 ? type.GetMethods(Any) : Array.Empty<MethodInfo>())
            {
                if (each.ToString() == name)
                {
                    found.Add(each);
                }
            }
            if (found.Count == 0)
            {
                throw new LambdaValidationException("Unable to find method '" + name + "' in type '" + type.FullName + "' from assembly '" + assemblyName
                    + "': Found no methods matching method name '" + name + "'.");
            }
            if (found.Count > 1)
            {
                throw new LambdaValidationException("The method '" + name + "' in type '" + type.FullName + "' appears to have a number of overloads. "
                    + "To call this method please specify a complete method signature. Possible candidates are:\n" + string.Join("\n", found) + ".");
            }
            Check(found[0], type);
            return found[0];
        }

        private static void Check(MethodInfo method, Type type)
        {
            var parameters = method.GetParameters();
            var why = parameters.Length > 2 ? "the method has more than 2 parameters."
                : parameters.Length == 2 && parameters[1].ParameterType != typeof(ILambdaContext)
                    ? "the method has 2 parameters, but the second parameter is not of type '" + typeof(ILambdaContext).FullName + "'."
                : null;
            if (why != null)
            {
                throw new LambdaValidationException("Method '" + method.Name + "' of type '" + type.FullName + "' is not supported: " + why);
            }
            if (method.IsGenericMethodDefinition || type.IsGenericTypeDefinition)
            {
                throw new LambdaValidationException("The method '" + method.Name + "' cannot be used as a Lambda Handler because it is a generic method. "
                    + "Handler methods cannot be generic. Please specify a non-generic handler method.");
            }
            if (method.ReturnType == typeof(void) && method.IsDefined(typeof(AsyncStateMachineAttribute), false))
            {
                throw new LambdaValidationException("The method '" + method.Name + "' cannot be used as a Lambda Handler because it is an 'async void' method. "
                    + "Handler methods cannot be 'async void'. Please specify a method that is not 'async void'.");
            }
        }

        private static ILambdaSerializer Serializer(MethodInfo method, Assembly assembly)
        {
            var attribute = method.GetCustomAttribute<LambdaSerializerAttribute>() ?? assembly.GetCustomAttribute<LambdaSerializerAttribute>();
            if (attribute == null)
            {
                return new Amazon.Lambda.Serialization.SystemTextJson.DefaultLambdaJsonSerializer();
            }
            return Activator.CreateInstance(attribute.SerializerType) as ILambdaSerializer
                ?? throw new LambdaValidationException("The '" + attribute.SerializerType.FullName + "' class is invalid: it does not implement the 'ILambdaSerializer' interface.");
        }
    }
}
