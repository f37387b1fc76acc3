"""A response that reaches its caller while the function still runs: what takes it, part by part."""

from __future__ import annotations

from typing import Protocol


class Sink(Protocol):
    """Takes a streamed response, in the thread that drives the invocation. One that is never begun was not streamed."""

    def began(self, content_type: str) -> None:
        """The function has begun its response, of this type."""

    def part(self, data: bytes) -> bool:
        """The next part of it; False to be given no more until the flow is resumed."""
