"""C# in the table of behaviours."""

from tests.runtimes.languages.behaviours import Sources

_HANDLER = """
using System.Text.Json;
using Amazon.Lambda.Core;

public class Function
{
    private int count;

    public async Task<object?> FunctionHandler(Dictionary<string, JsonElement> e, ILambdaContext context)
    {
        switch (e["do"].GetString())
        {
            case "echo":
                return e["value"];
            case "error":
                throw new InvalidOperationException("boom");
            case "async_error":
                await Task.Delay(1);
                throw new InvalidOperationException("boom");
            case "sleep":
                await Task.Delay(TimeSpan.FromSeconds(e["seconds"].GetDouble()));
                return null;
            case "eat":
                var eaten = new List<byte[]>();
                while (true)
                {
                    eaten.Add(new byte[1 << 20]);
                    Array.Fill(eaten[^1], (byte)1);
                }
            case "exit":
                Environment.Exit(3);
                return null;
            case "print":
                Console.WriteLine("to stdout é");
                Console.Error.WriteLine("to stderr");
                return null;
            case "environment":
                return Environment.GetEnvironmentVariable(e["name"].GetString()!);
            case "count":
                return ++count;
            case "tmp":
                var kept = Path.Combine(Environment.GetEnvironmentVariable("TMPDIR") ?? "/tmp", "kept");
                var before = File.Exists(kept) ? File.ReadAllText(kept) : null;
                File.WriteAllText(kept, e["value"].GetString());
                return before;
            default:
                return new
                {
                    request_id = context.AwsRequestId,
                    function = context.FunctionName,
                    version = context.FunctionVersion,
                    memory = context.MemoryLimitInMB,
                    arn = context.InvokedFunctionArn,
                    remaining_ms = (int)context.RemainingTime.TotalMilliseconds,
                    log_group = context.LogGroupName,
                    log_stream = context.LogStreamName,
                };
        }
    }
}
"""

_BROKEN = """
public class Function
{
    public Function() => throw new InvalidOperationException("no luck");

    public string FunctionHandler() => "";
}
"""

SOURCES = Sources("dotnet", _HANDLER, _BROKEN, "InvalidOperationException", "InvalidOperationException")
