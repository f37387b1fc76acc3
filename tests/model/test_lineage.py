"""The trace header of a chain of invocations, and the loops in it."""

from __future__ import annotations

import json
import re
from urllib.parse import quote

from hypothesis import given
from hypothesis import strategies as st

from jlambda.model.arn import Account
from jlambda.model.lineage import MOST_IN_A_CHAIN, hop, merged, of_messages, tracer

F, G = (Account().function_arn(name) for name in ("f", "g"))
ID = "01234567-89ab-4cde-8f01-23456789abcd"
ROOT = "Root=1-5759e988-bd862e3fe1be46a994272793"
FORM = re.compile(
    r"Root=1-[0-9a-f]{8}-[0-9a-f]{24};Parent=[0-9a-f]{16};Sampled=0;Lineage=1:[0-9a-f]{8}:\d+(\|[0-9a-f]{8}:\d+)*"
)


def test_a_chain_begins_where_there_was_no_header() -> None:
    """With a root of its own, and a count of nothing."""
    first = hop(None, F, ID, 1_700_000_000.7)
    assert FORM.fullmatch(first.trace_id)
    assert first.trace_id.startswith("Root=1-6553f100-0123456789ab4cde8f012345")
    assert (first.earlier, first.is_loop) == (0, False)
    assert first.trace_id == tracer(F)(ID, 1_700_000_000)


def test_a_root_is_kept() -> None:
    """And so is whether it is sampled; the parent is this invocation's own."""
    given_header = f"{ROOT};Parent=53995c3f42cd8ad8;Sampled=1"
    assert hop(given_header, F, ID, 0).trace_id == f"{ROOT};Parent=8f0123456789abcd;Sampled=1;Lineage=1:{counted(F, 0)}"


@given(st.from_regex(r"Root=1-[0-9a-f]{8}-[0-9a-f]{24}", fullmatch=True))
def test_a_root_alone_begins_a_chain(root: str) -> None:
    """The same as with an empty member behind it, which says nothing."""
    assert hop(root, F, ID, 0) == hop(f"{root};", F, ID, 0)
    assert hop(root, F, ID, 0).trace_id == f"{root};Parent=8f0123456789abcd;Sampled=0;Lineage=1:{counted(F, 0)}"


def counted(function_arn: str, count: int) -> str:
    """How the lineage says that a function has been invoked so often before."""
    return f"{tracer(function_arn)(ID, 0).partition('Lineage=1:')[2].partition(':')[0]}:{count}"


def test_the_seventeenth_of_a_function_is_stopped() -> None:
    """Sixteen in a chain may run."""
    header, ran = None, 0
    while not (it := hop(header, F, ID, 0)).is_loop:
        header, ran = it.trace_id, ran + 1
    assert ran == MOST_IN_A_CHAIN == 16


@given(st.lists(st.sampled_from([F, G]), max_size=40), st.booleans())
def test_each_function_is_counted_for_itself(chain: list[str], is_quoted: bool) -> None:
    """However the header was quoted on its way."""
    header = None
    for i, arn in enumerate(chain):
        it = hop(quote(header, safe="-=;:+&[]{}\"',") if header and is_quoted else header, arn, ID, 0)
        assert it.earlier == chain[:i].count(arn)
        assert FORM.fullmatch(it.trace_id)
        header = it.trace_id


def test_both_forms_of_a_lineage_are_read() -> None:
    """With the number of its format in front, as now, and without, as it was."""
    for lineage in (counted(F, 3), f"1:{counted(F, 3)}", f"1:{counted(G, 9)}|{counted(F, 3)}", f"25:{counted(F, 3)}"):
        assert hop(f"{ROOT};Lineage={lineage}", F, ID, 0).earlier == 4


@given(st.text() | st.from_regex(r"(Root=|Lineage=|[0-9a-f:|;]){0,20}", fullmatch=True))
def test_any_text_is_taken(header: str) -> None:
    """What is no header begins a chain, or counts for nothing; what goes on is one."""
    it = hop(header, F, ID, 0)
    assert "\n" not in it.trace_id
    assert hop(it.trace_id, F, ID, 0).earlier == it.earlier + 1
    assert merged([header, it.trace_id]) is not None


def test_messages_bring_the_header_of_their_senders() -> None:
    """The longest chain among them; what is no event of SQS brings none."""
    attributes = [{"AWSTraceHeader": f"{ROOT};Lineage=1:{counted(F, n)}"} for n in (2, 5)]
    event = {"Records": [{"attributes": {}}, *({"attributes": each} for each in attributes)]}
    assert of_messages(json.dumps(event).encode()) == f"{ROOT};Lineage=1:{counted(F, 5)}"
    for nothing in (b"{}", b'["AWSTraceHeader"]', b'{"AWSTraceHeader"', b'{"Records": ["AWSTraceHeader"]}'):
        assert of_messages(nothing) is None


def test_a_batch_has_the_longest_chain_of_its_records() -> None:
    """The first root, and of each function the highest count."""
    headers = [None, f"{ROOT};Lineage=1:{counted(F, 3)}", f"Root=1-0-0;Lineage=1:{counted(F, 2)}|{counted(G, 5)}"]
    assert merged(headers) == f"{ROOT};Lineage=1:{counted(F, 3)}|{counted(G, 5)}"
    assert merged([None, "nonsense"]) is None
