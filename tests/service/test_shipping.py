"""Objects and the modules that they come from."""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Iterator
from importlib.machinery import EXTENSION_SUFFIXES
from pathlib import Path
from types import ModuleType

import pytest

import jlambda
from jlambda.errors import CodeError
from jlambda.service.shipping import own_files, pickled, pickled_globals

PACKAGE = {
    "ours/__init__.py": "from . import part\n",
    "ours/part.py": "import json\nfrom .deep import leaf\nfrom ours import other as _other\nclass Thing:\n    n = leaf.N\n",
    "ours/other.py": "VALUE = 2\n",
    "ours/unused.py": "VALUE = 3\n",
    "ours/deep/__init__.py": "",
    "ours/deep/leaf.py": "from .. import other\nN = other.VALUE\n",
    "alone.py": "def work(event, context):\n    import later\n    return later.VALUE + event\n",
    "later.py": "import broken_one\nVALUE = 10\n",
    "broken_one.py": "(\n",
    "user.py": "import ours.other\n\n\ndef use(event, context):\n    return ours.other.VALUE + event\n",
    "lambda_function.py": "VALUE = 1\n",
}


@pytest.fixture
def beside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Modules of a user's own, importable here."""
    folder = tmp_path / "beside"
    for name, text in PACKAGE.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    monkeypatch.syspath_prepend(str(folder))
    yield folder
    for name in [name for name in sys.modules if name.split(".")[0] in ("ours", "user", "lambda_function")]:
        del sys.modules[name]


def test_the_modules_that_a_pickle_refers_to_are_known(beside: Path) -> None:
    """Functions, classes and modules; a module travels as an import, not as what is in it."""
    from ours import part  # type: ignore[import-not-found]

    assert pickled(part.Thing()).modules == {"ours.part"}
    assert pickled([part, math.sqrt]).modules >= {"ours.part"}
    assert len(pickled(part).data) < 200
    assert pickled(5).modules == frozenset()


def test_own_modules_come_with_what_they_import(beside: Path) -> None:
    """By their place in the package, parents included; nothing that is installed, nothing that is not needed."""
    from ours import part

    files = own_files([part.__name__])
    assert set(files) == {"ours/__init__.py", "ours/part.py", "ours/other.py", "ours/deep/__init__.py", "ours/deep/leaf.py"}
    assert files["ours/other.py"] == b"VALUE = 2\n"
    assert own_files(["json", "math", "pytest", "jlambda.session", "__main__", "no.such", "no_such"]) == {}


def test_modules_that_are_imported_later_come_too(beside: Path) -> None:
    """Found without importing them; one that is no Python is shipped as it is."""
    assert set(own_files(["alone"])) == {"alone.py", "later.py", "broken_one.py"}
    assert "later" not in sys.modules


def test_modules_that_are_not_source(beside: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A compiled extension travels as it is; what is in no file of its own does not travel."""
    library = f"fast{EXTENSION_SUFFIXES[0]}"
    (beside / library).write_bytes(b"ELF")
    (beside / "odd.txt").write_text("")
    odd = ModuleType("odd")
    odd.__file__ = str(beside / "odd.txt")
    specless = ModuleType("specless")
    specless.__file__ = str(beside / "gone.py")
    for module in (odd, specless):
        monkeypatch.setitem(sys.modules, module.__name__, module)
    monkeypatch.setitem(sys.modules, "nothing", None)  # how Python marks what cannot be imported
    assert own_files(["fast", "odd", "specless", "nothing"]) == {library: b"ELF"}


def test_a_cell_ships_objects_of_own_modules(session: jlambda.Session, beside: Path) -> None:
    """`--use` with a class of a module that lies beside the notebook."""
    from ours import part

    function = session.deploy("def handler(event, context): return thing.n + event\n", "f", use={"thing": part.Thing()})
    assert function(1) == 3


def test_a_callable_of_an_own_module(session: jlambda.Session, beside: Path) -> None:
    """And one that uses such a module as a global."""
    import user  # type: ignore[import-not-found]

    assert session.deploy(user.use, "f")(1) == 3


def test_an_executor_is_given_the_modules_that_its_calls_need(session: jlambda.Session, beside: Path) -> None:
    """When they are first needed; one package more is one deployment more."""
    from ours import part

    with jlambda.Executor(max_concurrency=1) as executor:
        assert executor.submit(json.dumps, [1]).result() == "[1]"
        sizes = [session.get(executor.name).configuration.code_size]
        assert type(executor.submit(part.Thing).result()) is part.Thing
        sizes.append(session.get(executor.name).configuration.code_size)
        assert type(executor.submit(part.Thing).result()) is part.Thing
        sizes.append(session.get(executor.name).configuration.code_size)
    assert sizes[0] < sizes[1] == sizes[2]


def test_a_module_of_the_functions_own_name(session: jlambda.Session, beside: Path) -> None:
    """There can be only one."""
    import lambda_function  # type: ignore[import-not-found]

    with pytest.raises(CodeError, match=r"lambda_function\.py is the name of the function's own module: rename yours"):
        session.deploy("def handler(event, context): return m\n", "f", use={"m": lambda_function})


def test_what_cannot_be_pickled_is_named() -> None:
    """The object, its type and the reason, in one line."""
    with pytest.raises(CodeError, match=r"bad cannot be shipped \(generator: .*\); pass it in the event") as caught:
        pickled_globals({"good": 1, "bad": (n for n in range(3))})
    assert "\n" not in str(caught.value)
