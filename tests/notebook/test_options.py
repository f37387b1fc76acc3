"""The options of `%%lambda` and the verbs of `%lambda`."""

from __future__ import annotations

import pytest

from jlambda.errors import InvalidParameter
from jlambda.notebook.arguments import HelpAsked
from jlambda.notebook.options import VERBS, CellOptions, LineOptions, cell_options, line_options


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("f", CellOptions("f")),
        (
            "f --memory 512 --timeout 10 --env A=1 --env B=x=y --secret KEY --handler go --runtime java21 --description 'a b'",
            CellOptions(
                "f",
                memory=512,
                timeout=10,
                env=(("A", "1"), ("B", "x=y")),
                secret=("KEY",),
                handler="go",
                runtime="java21",
                description="a b",
            ),
        ),
        (
            "-m 512 -t 10 -e A=1 -s KEY -i {} -q -o res f",
            CellOptions("f", memory=512, timeout=10, env=(("A", "1"),), secret=("KEY",), invoke="{}", output="res", quiet=True),
        ),
        ("f --use df,helper --use x", CellOptions("f", use=("df", "helper", "x"))),
        ("f --architecture arm64 --ephemeral-storage 1024", CellOptions("f", architecture="arm64", ephemeral_storage=1024)),
        (
            "f --log-format json --log-level debug --system-log-level WARN --log-group /shared",
            CellOptions("f", log_format="JSON", log_level="DEBUG", system_log_level="WARN", log_group="/shared"),
        ),
        ("f -e EMPTY=", CellOptions("f", env=(("EMPTY", ""),))),
    ],
)
def test_every_option_of_a_cell_has_its_place(line: str, expected: CellOptions) -> None:
    """Long and short forms say the same; what was not given is None or empty."""
    assert cell_options(line) == expected


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("f -m 127", "memory is 127; it must be a whole number from 128 to 10240 MB"),
        ("f -m 10241", "memory is 10241; it must be a whole number from 128 to 10240 MB"),
        ("f -m 1.5", "memory is '1.5'; it must be a whole number from 128 to 10240 MB"),
        ("f -m lots", "memory is 'lots'; it must be a whole number from 128 to 10240 MB"),
        ("f -t 0", "timeout is 0; it must be a whole number from 1 to 900 seconds"),
        ("f -t 901", "timeout is 901; it must be a whole number from 1 to 900 seconds"),
        ("f -t -5", "timeout is -5; it must be a whole number from 1 to 900 seconds"),
        ("f --ephemeral-storage 511", "ephemeral storage is 511; it must be a whole number from 512 to 10240 MB"),
        ("f -e STAGE", "environment variable 'STAGE': use KEY=VALUE"),
        ("f -e =dev", "environment variable '=dev': use KEY=VALUE"),
        ("f -o 2x", "variable '2x': use a Python name"),
        ("f --architecture arm", "architecture 'arm': use x86_64 or arm64; did you mean arm64?"),
        ("f --log-format yaml", "log format 'yaml': use Text or JSON"),
        ("f --log-level WARNING", "log level 'WARNING': use TRACE, DEBUG, INFO, WARN, ERROR or FATAL; did you mean WARN?"),
    ],
)
def test_a_wrong_value_says_what_is_allowed(line: str, message: str) -> None:
    """One line, before anything is deployed."""
    with pytest.raises(InvalidParameter) as caught:
        cell_options(line)
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("invoke f", LineOptions("invoke", "f")),
        ("""invoke f '{"a": 1}'""", LineOptions("invoke", "f", '{"a": 1}')),
        ("invoke f event -o res", LineOptions("invoke", "f", "event", "res")),
        ("invoke f @event.json", LineOptions("invoke", "f", "@event.json")),
        ("list", LineOptions("list")),
        ("show f", LineOptions("show", "f")),
        ("logs", LineOptions("logs")),
        ("logs f -o frame", LineOptions("logs", "f", output="frame")),
        ("invocations f", LineOptions("invocations", "f")),
        ("cost", LineOptions("cost")),
        ("metrics f", LineOptions("metrics", "f")),
        ("publish f", LineOptions("publish", "f")),
        ("publish f --description first", LineOptions("publish", "f", description="first")),
        ("alias f live 1", LineOptions("alias", "f", alias="live", versions=(("1", 1.0),))),
        ("alias f live 1=0.9 2=0.1", LineOptions("alias", "f", alias="live", versions=(("1", 0.9), ("2", 0.1)))),
        ("delete f", LineOptions("delete", "f")),
        ("reset", LineOptions("reset")),
        ("doctor", LineOptions("doctor")),
        ("doctor -o found", LineOptions("doctor", output="found")),
    ],
)
def test_every_verb_takes_its_words(line: str, expected: LineOptions) -> None:
    """A verb, a function where it needs one, an event where it takes one."""
    assert line_options(line) == expected


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("invok f", "there is no 'invok'; did you mean invoke? (there are invoke, list, "),
        ("hello", "a cell that begins with %%lambda NAME deploys a function"),
        ("invoke", "%lambda invoke: needs NAME"),
        ("list f", "%lambda list: 'f' is one word too many"),
        ("alias f live 1=x", "version '1=x': use a number, or NUMBER=WEIGHT such as 2=0.1"),
        ("alias f live", "%lambda alias: needs VERSION"),
        ("reset -o x", "%lambda reset: there is no option -o"),
        ("export f", "%lambda export comes with a later version of jlambda"),
    ],
)
def test_a_wrong_verb_says_what_there_is(line: str, message: str) -> None:
    """A mistyped verb names its neighbour, a verb that is still to come says so."""
    with pytest.raises(InvalidParameter) as caught:
        line_options(line)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_explains_itself(verb: str) -> None:
    """--help of each verb says what it does."""
    with pytest.raises(HelpAsked, match=f"usage: %lambda {verb}"):
        line_options(f"{verb} --help")
