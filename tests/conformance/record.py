"""Record what AWS's own runtime client answers: ``python -m tests.conformance.record``, with awslambdaric installed.

Runs each case of cases.toml in a process of its own (client.py) and writes answers.jsonl. Not run by the tests.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import awslambdaric

from tests.conformance.cases import REQUEST_ID, Case, cases
from tests.conformance.normal import in_task, normal

_HERE = Path(__file__).parent

_CLIENT = str(_HERE / "client.py")


def answer(case: Case) -> dict[str, object]:
    """What the client makes of one case: answers, log and exit status."""
    with tempfile.TemporaryDirectory() as folder, tempfile.TemporaryFile() as log, tempfile.TemporaryFile() as answers:
        case.write(Path(folder))
        log_fd, answers_fd = os.open(f"/proc/self/fd/{log.fileno()}", os.O_RDWR | os.O_APPEND), answers.fileno()
        asked = json.dumps({**case._asdict(), "request_id": REQUEST_ID, "answers_fd": answers_fd})
        done = subprocess.run(
            [sys.executable, _CLIENT, asked],
            cwd=folder,
            env=case.variables(),
            stdin=subprocess.DEVNULL,
            stdout=log_fd,
            stderr=log_fd,
            pass_fds=[answers_fd],
            check=False,
        )
        os.close(log_fd)
        log.seek(0)
        answers.seek(0)
        text = log.read().decode("utf-8", "surrogateescape")
        posted = [json.loads(line) for line in answers.read().splitlines()]
        runtime = (str(Path(awslambdaric.__file__).parent), _CLIENT)
        return {
            "case": case.name,
            "answers": [[kind, in_task(body, folder)] for kind, body in posted],
            "log": normal(text, folder, runtime),
            "status": done.returncode,
        }


def main() -> None:
    """Write answers.jsonl anew."""
    lines = [json.dumps(answer(case)) + "\n" for case in cases()]
    (_HERE / "answers.jsonl").write_text("".join(lines))


if __name__ == "__main__":
    main()
