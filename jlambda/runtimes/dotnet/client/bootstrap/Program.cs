// Finds assemblies, then hands over. Types of Amazon.Lambda.Core may not be touched before that: a package's own copy of
// that assembly goes before ours.

using System;
using System.IO;
using System.Reflection;
using System.Runtime.CompilerServices;
using System.Runtime.Loader;

namespace Jlambda
{
    internal static class Program
    {
        private static readonly string TaskRoot = Environment.GetEnvironmentVariable("LAMBDA_TASK_ROOT") ?? ".";

        private static int Main()
        {
            AssemblyLoadContext.Default.Resolving += Find;
            Rehearsal.Start();
            return Serve();
        }

        [MethodImpl(MethodImplOptions.NoInlining)]
        private static int Serve() => Runtime.Serve(TaskRoot);

        private static Assembly Find(AssemblyLoadContext context, AssemblyName name)
        {
            var folders = new[] { TaskRoot, Path.Combine(Path.GetDirectoryName(typeof(Program).Assembly.Location), "shims") };
            foreach (var folder in folders)
            {
                var path = Path.Combine(folder, name.Name + ".dll");
                if (File.Exists(path))
                {
                    return context.LoadFromAssemblyPath(path);
                }
            }
            return null;
        }
    }
}
