"""Configurations: what Lambda takes, and what changed."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jlambda.errors import InvalidParameter
from jlambda.model.function import (
    RESERVED_VARIABLES,
    FunctionConfiguration,
    changes,
    check_values,
    check_variables,
    with_settings,
)
from jlambda.model.runtime import THIS_PYTHON, check_runtime, execution_env

F = FunctionConfiguration("f")


def test_the_defaults_are_lambdas() -> None:
    """A configuration of which only the name is given has CreateFunction's defaults, and is allowed."""
    assert F.checked() is F
    assert (F.memory_mb, F.timeout_s, F.ephemeral_storage_mb, F.version, F.architecture) == (128, 3, 512, "$LATEST", "x86_64")
    assert F.runtime == THIS_PYTHON
    assert dict(F.environment) == {}


@pytest.mark.parametrize(
    "allowed",
    [
        {"memory_mb": 128},
        {"memory_mb": 10_240},
        {"timeout_s": 1},
        {"timeout_s": 900},
        {"ephemeral_storage_mb": 512},
        {"ephemeral_storage_mb": 10_240},
        {"handler": "a/b.c"},
        {"handler": "x" * 128},
        {"description": ""},
        {"description": "ü" * 256},
        {"architecture": "arm64"},
        {"environment": {"AB": ""}},
        {"environment": {"A1_": "x\ny"}},
    ],
)
def test_what_is_allowed(allowed: dict[str, object]) -> None:
    """The ends of every range are inside."""
    configuration = replace(F, **allowed)  # type: ignore[arg-type]
    assert configuration.checked() == configuration


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"name": "a b"}, "function name 'a b': use 1 to 64 letters, digits, - and _"),
        ({"memory_mb": 127}, "memory is 127; it must be a whole number from 128 to 10240 MB"),
        ({"memory_mb": 10_241}, "memory is 10241; it must be a whole number from 128 to 10240 MB"),
        ({"memory_mb": 256.0}, "memory is 256.0; it must be a whole number"),
        ({"memory_mb": "256"}, "memory is '256'; it must be a whole number"),
        ({"memory_mb": True}, "memory is True; it must be a whole number"),
        ({"timeout_s": 0}, "timeout is 0; it must be a whole number from 1 to 900 seconds"),
        ({"timeout_s": 901}, "timeout is 901; it must be a whole number from 1 to 900 seconds"),
        ({"timeout_s": None}, "timeout is None; it must be a whole number"),
        ({"ephemeral_storage_mb": 511}, "ephemeral storage is 511; it must be a whole number from 512 to 10240 MB"),
        ({"ephemeral_storage_mb": 10_241}, "ephemeral storage is 10241"),
        ({"architecture": "arm"}, "architecture 'arm': use x86_64 or arm64"),
        ({"runtime": "perl5"}, f"use {THIS_PYTHON}"),
        ({"runtime": 3}, f"use {THIS_PYTHON}"),
        ({"handler": ""}, "handler '': use MODULE.FUNCTION, at most 128 characters"),
        ({"handler": "x" * 129}, "use MODULE.FUNCTION, at most 128 characters"),
        ({"handler": "a b.c"}, "use MODULE.FUNCTION"),
        ({"handler": 1}, "use MODULE.FUNCTION"),
        ({"description": "x" * 257}, "at most 256 characters"),
        ({"description": b"x"}, "description: use text"),
        ({"environment": {"A": "1"}}, "a name is a letter, then letters, digits and _"),
        ({"environment": {"1A": "1"}}, "a name is a letter, then letters, digits and _"),
        ({"environment": {"_A": "1"}}, "a name is a letter, then letters, digits and _"),
        ({"environment": {"A-B": "1"}}, "a name is a letter, then letters, digits and _"),
        ({"environment": {"AB\n": "1"}}, "a name is a letter, then letters, digits and _"),
        ({"environment": {5: "1"}}, "a name is a letter, then letters, digits and _"),
        ({"environment": {"AB": 1}}, "environment variable AB: its value is int; use text"),
        ({"environment": {"AB": None}}, "environment variable AB: its value is NoneType; use text"),
        ({"environment": {"AB": "a\0b"}}, "environment variable AB: its value has a character that no variable can hold"),
        ({"environment": {"AB": "\ud800"}}, "environment variable AB: its value has a character that no variable can hold"),
        ({"environment": {"AB": "x" * 4_090}}, r"at most 4096 \(4 KB\) are allowed"),
        ({"secrets": ("A",)}, "a name is a letter, then letters, digits and _"),
        ({"secrets": ("AWS_REGION",)}, "AWS_REGION is set by Lambda itself"),
    ],
)
def test_what_is_not_allowed(wrong: dict[str, object], said: str) -> None:
    """Each is refused in one line that says what is allowed."""
    with pytest.raises(InvalidParameter, match=said) as caught:
        replace(F, **wrong).checked()  # type: ignore[arg-type]
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", sorted(RESERVED_VARIABLES))
def test_lambdas_own_variables_cannot_be_set(name: str) -> None:
    """A function cannot choose what Lambda sets."""
    with pytest.raises(InvalidParameter):
        check_variables({name: "1"})


@given(st.dictionaries(st.from_regex(r"[a-zA-Z][a-zA-Z0-9_]{1,20}", fullmatch=True), st.text(max_size=600), max_size=12))
def test_four_kilobytes_of_variables(variables: dict[str, str]) -> None:
    """Exactly those whose JSON takes at most 4,096 bytes are let through."""
    size = len(json.dumps(variables, separators=(",", ":")).encode())
    is_allowed = size <= 4_096 and not (variables.keys() & RESERVED_VARIABLES) and "\0" not in "".join(variables.values())
    try:
        check_variables(variables)
    except InvalidParameter:
        assert not is_allowed
    else:
        assert is_allowed


def test_an_error_about_a_value_does_not_show_it() -> None:
    """The same check serves secrets."""
    with pytest.raises(InvalidParameter) as caught:
        check_values({"TOKEN": "hunter2\0hunter2"})
    assert "hunter2" not in str(caught.value)


def test_changes_are_the_settings_that_differ() -> None:
    """Each with its old and its new value; when and from where it was deployed is no change."""
    after = replace(F, memory_mb=256, code_sha256="x", revision_id="r", last_modified=1.0, origin="Cell In[2]", code_size=5)
    assert changes(F, after) == {"code": ("", "x"), "memory_mb": (128, 256)}
    assert changes(F, F) == {}
    assert changes(F, replace(F, environment={"AB": "1"})) == {"environment": ({}, {"AB": "1"})}


def test_options_that_are_not_given_keep_their_values() -> None:
    """None is not a value."""
    before = replace(F, memory_mb=512, description="old")
    after = with_settings(before, memory_mb=None, description="", timeout_s=9)
    assert (after.memory_mb, after.description, after.timeout_s) == (512, "", 9)


def test_an_unknown_setting_is_a_mistake_of_ours() -> None:
    """It is not silently dropped."""
    with pytest.raises(AssertionError, match="memory_gb"):
        with_settings(F, memory_gb=1)


def test_runtimes() -> None:
    """The notebook's own Python is the one that there is, and AWS_EXECUTION_ENV names it as on AWS."""
    assert check_runtime(THIS_PYTHON) == THIS_PYTHON
    assert execution_env("python3.12") == "AWS_Lambda_python3.12"
    assert execution_env("provided.al2023") is None
    with pytest.raises(InvalidParameter, match=r"python3\.7 is no longer supported"):
        check_runtime("python3.7")
