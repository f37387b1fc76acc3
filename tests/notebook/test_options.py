"""The options of `%%lambda` and the verbs of `%lambda`."""

from __future__ import annotations

import pytest

from jlambda.errors import InvalidParameter
from jlambda.notebook.options import CellOptions, cell_options


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
        ("f --layer a:1 --layer arn:b:2", CellOptions("f", layer=("a:1", "arn:b:2"))),
        ("f --no-layers", CellOptions("f", no_layers=True)),
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
        ("f --layer a:1 --no-layers", "%%lambda: --layer and --no-layers contradict each other: use one of them"),
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
