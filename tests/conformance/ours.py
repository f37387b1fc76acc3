"""What our runtime makes of a case, told as record.py tells what AWS's client makes of it."""

from __future__ import annotations

from pathlib import Path

import jlambda.runtimes
from jlambda.model import frames
from tests.conformance.cases import Case
from tests.conformance.normal import in_task, normal
from tests.runtimes.running import RunningRuntime

_KINDS = {frames.RESULT: "result", frames.RAW: "raw", frames.ERROR: "error", frames.FAILED: "failed"}
_OURS = (str(Path(jlambda.runtimes.__file__).parent),)


def our_answer(case: Case, folder: Path) -> dict[str, object]:
    """Answers, log and exit status of our runtime, with the case's code in the empty `folder`."""
    case.write(folder)
    runtime = RunningRuntime(folder, case.handler, case.variables())
    try:
        extra = {"client_context": case.client_context, "cognito_identity": case.cognito_identity, "trace_id": case.trace_id}
        given = {name: value for name, value in extra.items() if value is not None}
        replies = [runtime.first, *(runtime.invoke(body=event.encode(), extra=given) for event in case.events)]
        answers = [
            [_KINDS[reply.kind], in_task(reply.body.decode("latin-1" if reply.kind == frames.RAW else "utf-8"), str(folder))]
            for reply in replies
            if reply is not None and reply.kind != frames.READY
        ]
        status = runtime.close()
        log = "".join(f"{event}\n" for event in runtime.events())
    finally:
        runtime.forget()
    return {"case": case.name, "answers": answers, "log": normal(log, str(folder), _OURS).rstrip("\n"), "status": status}
