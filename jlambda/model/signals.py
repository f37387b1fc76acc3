"""What the supervisor tells the process of a bridge, which sees to it that extensions learn of it: signals.

After either the process has the time of AWS's Shutdown phase, and is killed then.
"""

from __future__ import annotations

import signal

TIMED_OUT, OUT_OF_MEMORY = signal.SIGUSR1, signal.SIGUSR2
