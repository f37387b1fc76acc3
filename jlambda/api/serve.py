"""`jlambda serve`: a session and its gateway without a notebook, until Ctrl-C or SIGTERM."""

from __future__ import annotations

import signal
import threading
from contextlib import suppress
from pathlib import Path
from types import FrameType

from jlambda.errors import EngineError, StateError
from jlambda.model.arn import Account
from jlambda.session import Session, served


def run(
    port: int,
    state: str | None,
    account: str,
    region: str,
    access_key_id: str | None = None,
    secret_access_key: str | None = None,
    *,
    settle_s: float = 0.0,
    aws_endpoint: str | None = None,
) -> int:
    """Serve a state folder and print how to get at it. Where another process serves it already, print that and end."""
    live = served(state)
    if live is not None:
        print(f"# {Path(state) if state else 'this folder'} is served already, at {live.url}")
        print(live.shell(), flush=True)
        return 0
    session = Session(state, Account(account, region).id, region, settle_s=settle_s, aws_endpoint=aws_endpoint)
    stopped = threading.Event()

    def stop(_: int, __: FrameType | None) -> None:
        stopped.set()

    before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        with session:
            if session.notice:
                raise StateError(
                    f"{session.notice.partition(';')[0]} and serves nothing: end it, or choose another with --state"
                )
            session.gateway(port, access_key_id, secret_access_key)
            with suppress(EngineError):  # the first invocation will say what is wrong
                session.engine.start()
            address = session.address
            print(f"# jlambda serves {session.folder} at {address.url}; Ctrl-C ends it. In another shell:")
            print(address.shell(), flush=True)
            stopped.wait()
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    return 0
