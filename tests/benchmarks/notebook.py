"""A real kernel: what a `%%lambda` cell takes to deploy, its card included, and what completion takes.

Against a cell that does nothing but display a card of its own, in the same kernel and the same run: the rest is ours.
"""

from __future__ import annotations

from pathlib import Path

from .kernel import printed
from .measure import Figure, percentile

_IN_KERNEL = """
import json, time
DEPLOYMENTS = 40
from IPython import get_ipython
from IPython.display import HTML, display
shell = get_ipython()

def timed(cells):
    found = []
    for cell in cells:
        started = time.perf_counter()
        result = shell.run_cell(cell, store_history=False)
        found.append(time.perf_counter() - started)
        assert result.success
    return found

def completed(line):
    started = time.perf_counter()
    shell.complete(line, cursor_pos=len(line))
    return time.perf_counter() - started

cell = "%%lambda bench --memory 256\\nimport json\\n\\ndef handler(event, context):\\n    return {}"
new = timed([cell.replace("bench", f"bench{number}").format(number) for number in range(DEPLOYMENTS)])
changed = timed([cell.format(number) for number in range(DEPLOYMENTS)])
same = timed([cell.format(DEPLOYMENTS - 1) for _ in range(DEPLOYMENTS)])
nothing = timed(["display(HTML('<b>card</b>'))" for _ in range(DEPLOYMENTS)])
import jlambda
jlambda.get("bench").publish()
jlambda.get("bench").alias("live", 1)
for name in ("jobs", "orders"):
    jlambda.client("sqs").create_queue(QueueName=name)
lines = ["%lambda inv", "%lambda invoke ben", "%lambda invoke bench s3:", "%%lambda bench --mem", "%%lambda b --runtime no",
         "%%lambda b --trigger ", "%%lambda b --trigger sqs:jo", "%%lambda b --trigger sqs:jobs?ba", "%lambda alias bench "]
completions = [completed(line) for line in lines * 5]
print(json.dumps([new, changed, same, nothing, completions]))
"""


def run(folder: Path) -> list[Figure]:
    """Deployments of new, changed and unchanged cells, a bare display, and completions, each measured inside the kernel."""
    cells = ["%load_ext jlambda", "%%lambda first\ndef handler(event, context): return 1", _IN_KERNEL]
    new, changed, same, bare, completions = printed(folder, cells)
    display = percentile(bare) * 1e3
    deployments = [
        Figure(
            f"%%lambda, {what} code, card shown, median",
            *(percentile(found) * 1e3, "ms", percentile(found) * 1e3 / display, "a display in a cell", "under 30"),
        )
        for what, found in (("new", new), ("changed", changed), ("unchanged", same))
    ]
    return [
        *deployments,
        Figure("a display in a cell, median", display, "ms"),
        Figure("completion, median", percentile(completions) * 1e3, "ms"),
        Figure("completion, the slowest", max(completions) * 1e3, "ms", target="under 50"),
    ]
