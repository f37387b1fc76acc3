"""Another version of Python than the notebook's in the table of behaviours."""

from jlambda.model.runtime import THIS_PYTHON
from jlambda.runtimes.cpython.language import LANGUAGE
from tests.runtimes.languages.behaviours import Sources

_HANDLER = """
import asyncio, os, sys, time
count = 0

def handler(event, context):
    global count
    do = event["do"]
    if do == "echo":
        return event["value"]
    if do == "error":
        raise ValueError("boom")
    if do == "async_error":
        async def fail():
            await asyncio.sleep(0.001)
            raise ValueError("boom")
        asyncio.run(fail())
    if do == "sleep":
        time.sleep(event["seconds"])
    if do == "eat":
        eaten = []
        while True:
            eaten.append(b"x" * (1 << 24))
    if do == "exit":
        sys.exit(3)
    if do == "print":
        print("to stdout é")
        print("to stderr", file=sys.stderr)
    if do == "environment":
        return os.environ.get(event["name"])
    if do == "count":
        count += 1
        return count
    if do == "tmp":
        path = os.environ.get("TMPDIR", "/tmp") + "/kept"
        before = open(path).read() if os.path.exists(path) else None
        with open(path, "w") as file:
            file.write(event["value"])
        return before
    if do == "context":
        return {
            "request_id": context.aws_request_id, "function": context.function_name, "version": context.function_version,
            "memory": context.memory_limit_in_mb, "arn": context.invoked_function_arn,
            "remaining_ms": context.get_remaining_time_in_millis(),
            "log_group": context.log_group_name, "log_stream": context.log_stream_name,
        }
"""


def _another_version() -> str:
    own, *others = LANGUAGE.tools()
    return next((tool.runtime for tool in others if tool.runtime != own.runtime), THIS_PYTHON)


#: the notebook's own where that is the only one; the test then has it take the way of the others
RUNTIME = _another_version()
SOURCES = Sources(
    RUNTIME, _HANDLER, "raise ValueError('no luck')\ndef handler(event, context): pass\n", "ValueError", "ValueError"
)
