"""A small piece of memory that the engine and the supervisor share: a slot for each environment.

The engine writes a slot's phase, the supervisor the rest; a member is read and written whole. So the supervisor learns
what an environment does without a message for each invocation.
"""

from __future__ import annotations

import mmap
import os
import struct

#: bytes of a slot: phase, whether it is frozen, whether it was killed for want of memory, whether it was seen idle and has
#: begun nothing since (which the engine takes back), and the peak in MB of a function together with the processes that it
#: started, which takes two
SLOT_BYTES = 8
PHASE, FROZEN, OUT_OF_MEMORY, RESTS, FAMILY_PEAK = 0, 1, 2, 3, 4
IDLE, INIT, INVOKE = 0, 1, 2
SLOTS = 8_192
_MEGABYTES = struct.Struct("H")


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

    def family_peak_mb(self, slot_at: int) -> int:
        """The peak of the slot that begins at `slot_at`, 0 where the function has started no process."""
        peak_mb: int = _MEGABYTES.unpack_from(self.bytes, slot_at + FAMILY_PEAK)[0]
        return peak_mb

    def set_family_peak(self, slot_at: int, peak_mb: int) -> None:
        """Keep the peak of a slot."""
        _MEGABYTES.pack_into(self.bytes, slot_at + FAMILY_PEAK, peak_mb)

    def close(self) -> None:
        """Let go of the memory; it ends when the other process has done so too."""
        self.bytes.close()
        os.close(self.fd)
