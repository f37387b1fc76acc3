"""The live dashboard in a real kernel: what it takes of a processor while functions are called at a steady rate.

The same calls with it and without it, in turns: the rest is the dashboard's, messages to the page included. Against what
the calls themselves take of the kernel.
"""

from __future__ import annotations

from pathlib import Path

from .kernel import printed
from .measure import Figure, median

#: calls a second
_RATES = (0, 20, 1_000)

_IN_KERNEL = """
import json, time
import jlambda
from jlambda.notebook.dashboard import Dashboard

SECONDS, ROUNDS, BATCHES = 5.0, 3, 50  # as many batches of calls a second

def used(rate):
    # seconds of CPU of this process by second, while `rate` calls a second are made
    began, cpu, calls = time.monotonic(), time.process_time(), 0
    while (now := time.monotonic()) < began + SECONDS:
        while calls < rate * (now - began):
            bench({"number": calls})
            calls += 1
        time.sleep(1 / BATCHES)
    return (time.process_time() - cpu) / (time.monotonic() - began)

bench({})
dashboard = Dashboard(jlambda.current())
found = {}
for rate in RATES:
    for _ in range(ROUNDS):
        dashboard.stop()
        without = used(rate)
        dashboard.start()
        found.setdefault(rate, []).append((without, used(rate)))
overviews = []
for _ in range(200):
    began = time.perf_counter()
    jlambda.current().overview()
    overviews.append(time.perf_counter() - began)
calls = []
for number in range(200):
    began = time.perf_counter()
    bench({"number": number})
    calls.append(time.perf_counter() - began)
dashboard.close()
print(json.dumps([list(found.items()), overviews, calls]))
"""


def run(folder: Path) -> list[Figure]:
    """The dashboard's part of a processor, idle and under load; and one look at what it shows."""
    cells = ["%load_ext jlambda", "%%lambda bench -q\ndef handler(event, context): return event"]
    measured, overviews, calls = printed(folder, [*cells, _IN_KERNEL.replace("RATES", str(_RATES))])
    figures = []
    for rate, rounds in measured:
        without, with_it = (median([each[number] for each in rounds]) for number in (0, 1))
        name = f"the dashboard at {rate:,} calls/s" if rate else "the dashboard while nothing runs"
        ratio = (with_it - without) / without if rate else None
        share = 100 * median([shown - bare for bare, shown in rounds])
        figures.append(Figure(name, share, "%", ratio, "the calls themselves" if rate else "", "under 3"))
    look, call = median(overviews), median(calls)
    return [*figures, Figure("overview() while it is followed, median", look * 1e6, "us", look / call, "a warm call")]
