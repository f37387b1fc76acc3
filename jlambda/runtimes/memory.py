"""The memory size of the function, for the process that has to see whether it went past it.

The governor looks every few milliseconds: what is allocated and freed between two looks shows in the peak alone, which the
kernel keeps. Runs within an execution environment, with the standard library only.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping


def limit_kib(variables: Mapping[str, str]) -> int:
    """The memory size in KiB, as the function's environment variables tell it; where they do not, more than there can be.

    On Linux only: elsewhere nothing holds a function to its memory, and the peak has another unit.
    """
    size_mb = variables.get("AWS_LAMBDA_FUNCTION_MEMORY_SIZE")
    return int(size_mb) << 10 if size_mb and sys.platform == "linux" else sys.maxsize
