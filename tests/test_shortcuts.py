"""`jlambda.deploy`, `@jlambda.function` and the module's other functions: those of the current session."""

from __future__ import annotations

import pytest
from matplotlib import pyplot

import jlambda
from jlambda.errors import InvalidParameter, ResourceNotFound

FACTOR = 3


def test_they_work_on_the_current_session(session: jlambda.Session) -> None:
    """What one deploys the other finds, calls and shows."""
    deployed = jlambda.deploy("def handler(event, context): return event\n", "f", memory=256)
    assert jlambda.get("f")(1) == 1
    assert jlambda.get(deployed.arn).configuration.memory_mb == 256
    assert len(jlambda.invocations()) == len(jlambda.invocations("f")) == 1
    assert set(jlambda.logs("f").function) == {"f"}
    assert list(jlambda.cost().function) == ["f"]
    assert list(jlambda.metrics("f").invocations) == [1]
    assert session.get("f").name == "f"
    with pytest.raises(ResourceNotFound):
        jlambda.get("nope")


def test_plots_are_of_all_functions_or_of_one(session: jlambda.Session) -> None:
    """Each returns its Axes; a name that is none says which there are."""
    f, g = (jlambda.deploy("def handler(event, context): return event\n", name) for name in "fg")
    f(1), g(1), g(2)
    assert jlambda.plot("environments").get_ylabel() == "environment"
    assert jlambda.plot("environments", "g").get_ylim()[1] < jlambda.plot("environments").get_ylim()[1]
    assert jlambda.plot().get_xlim()[1] > g.plot().get_xlim()[1] > 2
    mine = pyplot.figure().add_subplot()
    assert jlambda.plot("memory", ax=mine) is mine
    g.reserve(7)
    assert g.plot("concurrency").lines[-1].get_label() == "reserved: 7"
    with pytest.raises(InvalidParameter, match=r"no plot 'costs'; did you mean 'cost'\? \(there are durations, memory, "):
        jlambda.plot("costs")
    pyplot.close("all")


def test_the_decorator_deploys(session: jlambda.Session) -> None:
    """Bare or with options, the function is Lambda's from then on; the decorator itself does not travel."""

    @jlambda.function
    def triple(event: int, context: object) -> int:
        return event * FACTOR

    @jlambda.function(memory=512, name="other-name", timeout=9)
    def quadruple(event: int, context: object) -> int:
        return event * (FACTOR + 1)

    assert isinstance(triple, jlambda.Function)
    assert [function.name for function in session.functions()] == ["other-name", "triple"]
    assert (triple(2), quadruple(2)) == (6, 8)
    configuration = quadruple.configuration
    assert (configuration.memory_mb, configuration.timeout_s) == (512, 9)
    assert configuration.handler == "lambda_function.quadruple"
