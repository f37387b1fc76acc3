"""A small piece of memory that the engine and the supervisor share: a slot for each environment.

The engine writes a slot's phase, the supervisor the rest; a byte is read and written whole. So the supervisor learns
what an environment does without a message for each invocation.
"""

from __future__ import annotations

import mmap
import os

#: bytes of a slot: phase, whether it is frozen, whether it was killed for want of memory
SLOT_BYTES = 4
PHASE, FROZEN, OUT_OF_MEMORY = 0, 1, 2
IDLE, INIT, INVOKE = 0, 1, 2
SLOTS = 8_192


class Board:
    """The shared memory. `fd` names it for the process that is to share it."""

    def __init__(self, fd: int) -> None:
        self.fd = fd
        self.bytes = mmap.mmap(fd, SLOTS * SLOT_BYTES)

    @classmethod
    def create(cls) -> Board:
        """A new one, all slots idle."""
        if hasattr(os, "memfd_create"):
            fd = os.memfd_create("board")
        else:
            import tempfile

            with tempfile.TemporaryFile() as file:
                fd = os.dup(file.fileno())
        os.ftruncate(fd, SLOTS * SLOT_BYTES)
        return cls(fd)

    def close(self) -> None:
        """Let go of the memory; it ends when the other process has done so too."""
        self.bytes.close()
        os.close(self.fd)
