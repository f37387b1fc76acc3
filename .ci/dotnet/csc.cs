// What the SDK's csc.dll is: the C# compiler's command line around its library. For `make` beside this file.

using System;
using System.Collections.Immutable;
using System.IO;
using System.Linq;
using System.Text;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.Text;

internal static class Csc
{
    private static int Main(string[] args)
    {
        var framework = Path.GetDirectoryName(typeof(object).Assembly.Location);
        var given = CSharpCommandLineParser.Default.Parse(args, Environment.CurrentDirectory, framework);
        var trees = given.SourceFiles.Select(file => Parse(given, file.Path)).ToList();
        var references = given.MetadataReferences.Select(each => MetadataReference.CreateFromFile(each.Reference, each.Properties));
        var name = given.OutputFileName ?? Path.GetFileNameWithoutExtension(given.SourceFiles[0].Path) + ".exe";
        var resolver = new SourceFileResolver(ImmutableArray<string>.Empty, given.BaseDirectory, given.PathMap);
        var options = given.CompilationOptions.WithSourceReferenceResolver(resolver);
        var compilation = CSharpCompilation.Create(Path.GetFileNameWithoutExtension(name), trees, references, options);
        var made = new MemoryStream();
        var result = compilation.Emit(made, options: given.EmitOptions);
        foreach (var found in given.Errors.Concat(result.Diagnostics))
        {
            if (found.Severity == DiagnosticSeverity.Error)
            {
                Console.WriteLine(found);
            }
        }
        if (!result.Success || given.Errors.Any(found => found.Severity == DiagnosticSeverity.Error))
        {
            return 1;
        }
        File.WriteAllBytes(Path.Combine(given.OutputDirectory, name), made.ToArray());
        return 0;
    }

    private static SyntaxTree Parse(CSharpCommandLineArguments given, string path) =>
        CSharpSyntaxTree.ParseText(
            SourceText.From(File.ReadAllText(path), Encoding.UTF8),
            given.ParseOptions,
            Path.GetRelativePath(given.BaseDirectory, path));
}
