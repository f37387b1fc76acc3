"""Functions as they were last deployed."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jlambda.model.function import FunctionConfiguration
from jlambda.store.database import Database
from jlambda.store.functions import Functions, dump, load

text = st.text(st.characters(codec="utf-8"), max_size=20)
configurations = st.builds(
    FunctionConfiguration,
    name=st.from_regex(r"[A-Za-z0-9_-]{1,64}", fullmatch=True),
    version=st.sampled_from(["$LATEST", "1"]),
    description=text,
    memory_mb=st.integers(128, 10_240),
    environment=st.dictionaries(text, text, max_size=3),
    secrets=st.lists(text, max_size=3).map(tuple),
    last_modified=st.floats(0, 4e9),
    origin=text,
)


@given(configurations)
def test_a_configuration_comes_back_as_it_was(configuration: FunctionConfiguration) -> None:
    """Every field, through the text that is stored."""
    assert load(dump(configuration)) == configuration


def test_put_get_list_delete(database: Database) -> None:
    """The last put counts; functions are listed by name; what is deleted is gone, and a second time there is nothing."""
    functions = Functions(database)
    assert (functions.get("b"), functions.list()) == (None, [])
    functions.put(FunctionConfiguration("b"))
    functions.put(FunctionConfiguration("a", environment={"STAGE": "dev"}, secrets=("TOKEN",)))
    functions.put(FunctionConfiguration("b", memory_mb=256))
    assert functions.get("b") == FunctionConfiguration("b", memory_mb=256)
    assert [configuration.name for configuration in functions.list()] == ["a", "b"]
    assert [functions.delete("b"), functions.delete("b")] == [True, False]
    assert functions.list() == [FunctionConfiguration("a", environment={"STAGE": "dev"}, secrets=("TOKEN",))]


def test_versions_are_kept_apart(database: Database) -> None:
    """A published version is not $LATEST; deleting the function deletes both."""
    functions = Functions(database)
    functions.put(FunctionConfiguration("f", version="1", memory_mb=1_024))
    assert functions.get("f") is None
    functions.put(FunctionConfiguration("f"))
    assert functions.get("f") == FunctionConfiguration("f")
    assert functions.delete("f")
    assert database.execute("select * from functions") == []


@pytest.mark.parametrize("name", ["f'; drop table functions; --", '"', "ünïcode", ""])
def test_names_are_only_names(database: Database, name: str) -> None:
    """Whatever is asked for, it is never read as SQL."""
    functions = Functions(database)
    assert functions.get(name) is None
    assert functions.delete(name) is False
    assert functions.list() == []
