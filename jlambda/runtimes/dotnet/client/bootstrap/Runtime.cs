// Loads the handler, then serves one invocation after the other from the Runtime API, for as long as that is there.

using System;
using System.IO;

namespace Jlambda
{
    internal sealed class Runtime
    {
        // https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
        private const string Api = "/2018-06-01/runtime/";

        private readonly Connection connection = new Connection(Environment.GetEnvironmentVariable("AWS_LAMBDA_RUNTIME_API"));
        private readonly Logger log = new Logger();

        public static int Serve(string taskRoot)
        {
            try
            {
                return new Runtime().Run(taskRoot);
            }
            catch (EndOfStreamException)
            {
                return 0;
            }
        }

        private int Run(string taskRoot)
        {
            Handler handler;
            try
            {
                handler = Handler.Load(Environment.GetEnvironmentVariable("_HANDLER") ?? "", taskRoot);
            }
            catch (Exception error)
            {
                log.Error.WriteLine(Failure.Text(error));
                connection.Post(Api + "init/error", Failure.Document(error), error.GetType().Name);
                return 1;
            }
            Rehearsal.End();
            while (true)
            {
                var next = connection.Get(Api + "invocation/next");
                if (next.Status != 200)
                {
                    throw new IOException("the Runtime API answers " + next.Status + " to a request for the next invocation");
                }
                Serve(next, handler);
            }
        }

        private void Serve(Connection.Reply next, Handler handler)
        {
            var context = new Context(next, log);
            var path = Api + "invocation/" + context.AwsRequestId;
            Environment.SetEnvironmentVariable("_X_AMZN_TRACE_ID", next.Header("Lambda-Runtime-Trace-Id"));
            log.RequestId = context.AwsRequestId;
            ReadOnlyMemory<byte> result;
            try
            {
                result = handler.Call(next.Body, context);
            }
            catch (Exception error)
            {
                log.Error.WriteLine(Failure.Text(error));
                connection.Post(path + "/error", Failure.Document(error), error.GetType().Name);
                return;
            }
            connection.Post(path + "/response", result.Span, null);
        }
    }
}
