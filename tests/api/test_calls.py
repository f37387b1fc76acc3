"""A future whose waiter goes on at once."""

from __future__ import annotations

import asyncio
import contextvars
from typing import Any

import pytest

from jlambda.api.calls import Prompt

FINISHED: Any = object()
name = contextvars.ContextVar("name", default="nobody's")


def test_the_waiter_goes_on_within_settle() -> None:
    """Not with the loop's next turn, and in its own context."""

    async def main() -> None:
        prompt, seen = Prompt(), list[object]()

        async def wait() -> None:
            name.set("the waiter's")
            seen.append(await prompt)
            seen.append(name.get())

        task = asyncio.create_task(wait())
        await asyncio.sleep(0)

        def settle() -> None:
            prompt.settle(FINISHED)
            assert seen == [FINISHED, "the waiter's"]

        asyncio.get_running_loop().call_soon(settle)
        await task

    asyncio.run(main())


def test_what_is_settled_already_is_not_waited_for() -> None:
    """Whoever asks later has it, and is told of it as of any future."""

    async def main() -> None:
        prompt, told = Prompt(), asyncio.Event()
        prompt.settle(FINISHED)
        prompt.add_done_callback(lambda _: told.set())
        assert await prompt is FINISHED
        await told.wait()

    asyncio.run(main())


def test_a_waiter_that_gives_up_is_not_woken_by_the_end() -> None:
    """It is cancelled, and what comes then is nobody's."""

    async def main() -> None:
        prompt = Prompt()
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(prompt, 0.001)
        prompt.settle(FINISHED)
        assert prompt.cancelled()

        async def wait(for_what: Prompt) -> None:
            await for_what

        other = Prompt()
        task = asyncio.create_task(wait(other))
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        other.settle(FINISHED)

    asyncio.run(main())


def test_a_callback_that_was_taken_back_is_not_called() -> None:
    """As with any future."""

    async def main() -> None:
        prompt, called = Prompt(), list[object]()
        prompt.add_done_callback(called.append)
        assert prompt.remove_done_callback(called.append) == 1
        prompt.settle(FINISHED)
        assert called == []

    asyncio.run(main())
