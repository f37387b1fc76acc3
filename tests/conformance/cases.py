"""The cases of cases.toml: what is run, by AWS's client when it was recorded and by ours in the tests."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import NamedTuple

REQUEST_ID = "8476a536-e9f4-11e8-9739-2dfe598c3fcd"
_HERE = Path(__file__).parent


class Case(NamedTuple):
    """One module, and what is asked of it."""

    name: str
    handler: str
    source: str
    events: list[str]
    environment: dict[str, str]
    files: dict[str, str]
    client_context: str | None
    cognito_identity: str | None
    trace_id: str | None
    arn: str = "arn:aws:lambda:us-east-1:123456789012:function:f"
    deadline_ms: int = 4_102_444_800_000  # the year 2100

    def write(self, folder: Path) -> None:
        """Put the code into `folder`."""
        for name, text in {"lambda_function.py": self.source, **self.files}.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)

    def variables(self) -> dict[str, str]:
        """All environment variables of the process."""
        return {"PATH": "/usr/bin:/bin", "LANG": "en_US.UTF-8", "LC_CTYPE": "C.UTF-8", "TZ": ":UTC", **self.environment}


def cases() -> list[Case]:
    """All cases, the responses as one case for each way of writing JSON."""
    loaded = tomllib.loads((_HERE / "cases.toml").read_text())
    default, responses = loaded["default"], loaded["responses"]
    found = [_case({**default, **case}) for case in loaded["case"]]
    for version in ("3.11", "3.13"):
        found.append(
            _case(
                {
                    "name": f"responses on Python {version}",
                    "handler": default["handler"],
                    "source": responses["module"],
                    "events": [json.dumps(expression) for expression in responses["expressions"]],
                    "environment": {"AWS_EXECUTION_ENV": f"AWS_Lambda_python{version}"},
                }
            )
        )
    return found


def _case(given: dict[str, object]) -> Case:
    fields = {"files": {}, "client_context": None, "cognito_identity": None, "trace_id": None, **given}
    return Case(**fields)  # type: ignore[arg-type]
