"""Node.js in the table of behaviours."""

from tests.runtimes.languages.behaviours import Sources

_HANDLER = """
const fs = require('node:fs');
let count = 0;
const tmp = `${process.env.TMPDIR ?? '/tmp'}/kept`;
const sleep = (seconds) => new Promise((resolve) => setTimeout(resolve, seconds * 1000));

exports.handler = async (event, context) => {
  switch (event.do) {
    case 'echo': return event.value;
    case 'error': throw new RangeError('boom');
    case 'async_error': await sleep(0.001); throw new RangeError('boom');
    case 'sleep': await sleep(event.seconds); return null;
    case 'eat': { const eaten = []; for (;;) eaten.push(Buffer.alloc(1 << 24, 1)); }
    case 'exit': process.exit(3);
    case 'print': process.stdout.write('to stdout é\\n'); process.stderr.write('to stderr\\n'); return null;
    case 'environment': return process.env[event.name] ?? null;
    case 'count': return ++count;
    case 'tmp': {
      const before = fs.existsSync(tmp) ? fs.readFileSync(tmp, 'utf8') : null;
      fs.writeFileSync(tmp, event.value);
      return before;
    }
    case 'context': return {
      request_id: context.awsRequestId, function: context.functionName, version: context.functionVersion,
      memory: context.memoryLimitInMB, arn: context.invokedFunctionArn, remaining_ms: context.getRemainingTimeInMillis(),
      log_group: context.logGroupName, log_stream: context.logStreamName,
    };
  }
};
"""

SOURCES = Sources("nodejs", _HANDLER, "throw new RangeError('no luck');\n", "RangeError", "RangeError")
