"""Documents of functions, layers and mappings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from jlambda.store.database import Database
from jlambda.store.functions import Functions
from jlambda.store.resources import Resources

plain = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
)


@dataclass(frozen=True)
class Colour:
    """A value of every form that a resource has."""

    name: str
    shade: float = 0.5
    friends: tuple[str, ...] = ()
    members: Mapping[str, Any] = field(default_factory=dict)


colours = st.builds(
    Colour,
    name=st.text(max_size=9),
    shade=st.floats(allow_nan=False),
    friends=st.lists(st.text(max_size=9), max_size=3).map(tuple),
    members=st.dictionaries(st.text(max_size=9), plain, max_size=3),
)


@given(colours)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])  # what is put replaces what was there
def test_a_value_comes_back_as_it_was(database: Database, colour: Colour) -> None:
    """Every field, through the document that is stored."""
    resources = Resources(database, "colour", Colour)
    assert resources.put(colour, "function:f") == colour
    assert resources.get("function:f") == colour


def test_owners_kinds_and_keys_are_apart(database: Database) -> None:
    """One value for each owner, kind and key; lists are by owner and key."""
    colours, others = Resources(database, "colour", Colour), Resources(database, "other", Colour)
    for owner, key in (("function:b", ""), ("function:a", "2"), ("function:a", "1")):
        colours.put(Colour(owner + key), owner, key)
    colours.put(Colour("last"), "function:a", "1")
    others.put(Colour("other"), "function:a", "1")
    assert [value.name for value in colours.values()] == ["last", "function:a2", "function:b"]
    assert [key for _, key, _ in colours.items("function:a")] == ["1", "2"]
    assert [colours.delete("function:a", "1"), colours.delete("function:a", "1")] == [True, False]
    assert colours.get("function:a", "1") is None
    assert others.values() == [Colour("other")]


def test_what_a_function_has_goes_with_it(database: Database) -> None:
    """Deleting a function deletes its documents, and nobody else's."""
    colours = Resources(database, "colour", Colour)
    for owner in ("function:f", "function:ff", "layer:f"):
        colours.put(Colour(owner), owner)
    Functions(database).delete("f")
    assert [owner for owner, _, _ in colours.items()] == ["function:ff", "layer:f"]


def test_what_a_version_or_alias_has_goes_with_it(database: Database) -> None:
    """Deleting one of them deletes what is kept under its name, and nothing of the function's own."""
    functions, colours = Functions(database), Resources(database, "colour", Colour)
    for key in ("", "1", "live"):
        colours.put(Colour(key), "function:f", key)
    functions.delete_version("f", "1")
    assert [key for _, key, _ in colours.items()] == ["", "live"]
    functions.delete_alias("f", "live")
    assert [key for _, key, _ in colours.items()] == [""]


def test_all_that_an_owner_has_can_be_forgotten(database: Database) -> None:
    """Of every kind: all of it, or what is under one key."""
    colours, others = Resources(database, "colour", Colour), Resources(database, "other", Colour)
    for key in ("", "1", "2"):
        colours.put(Colour(key), "layer:a", key)
        others.put(Colour(key), "layer:a", key)
    others.put(Colour("b"), "layer:b")
    colours.forget("layer:a", "1")
    assert [key for _, key, _ in (*colours.items("layer:a"), *others.items("layer:a"))] == ["", "2", "", "2"]
    colours.forget("layer:a", "")
    assert [key for _, key, _ in (*colours.items("layer:a"), *others.items("layer:a"))] == ["2", "2"]
    colours.forget("layer:a")
    assert [owner for owner, _, _ in (*colours.items(), *others.items())] == ["layer:b"]
