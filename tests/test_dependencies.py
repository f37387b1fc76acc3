"""Requirements and layers from Python and from cells, with the user's own pip and wheels on the disk."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

import jlambda
from jlambda.errors import CodeError, InvalidParameter
from jlambda.model.runtime import THIS_PYTHON
from jlambda.runtimes.languages import language_of
from tests.conftest import need
from tests.wheels import a_wheel

USES = "import greetings\ndef handler(event, context): return [greetings.WORD, greetings.__file__]\n"
PLAIN = "def handler(event, context): return event\n"


@pytest.fixture
def wheels(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that is all that pip knows: two versions of `greetings`, which needs `words`."""
    folder = tmp_path / "wheels"
    for version, word in (("1.0", "Hello"), ("2.0", "Hi")):
        a_wheel(folder, "greetings", version, f"import words\nWORD = words.upper({word!r})\n", "words")
    a_wheel(folder, "words", "3.1", "upper = str.upper\n")
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    return folder


@pytest.fixture
def no_pip(monkeypatch: pytest.MonkeyPatch) -> None:
    """From now on pip would fail."""
    monkeypatch.setenv("PIP_FIND_LINKS", "/nowhere")


def test_what_a_function_requires_is_in_a_layer_of_its_own(
    session: jlambda.Session,
    wheels: Path,
    request: pytest.FixtureRequest,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    """pip runs once for what is asked for equally; a redeployment that says nothing of it keeps it, on top of other layers.

    A progress bar says what pip has come to; its own output is not shown.
    """
    monkeypatch.setattr("jlambda.progress._SHOWN_AFTER_S", 0.0)
    f = session.deploy(USES, "f", requirements="greetings==1.*")
    out, shown = capfd.readouterr()
    assert (out, "pip: " in shown, "2 packages" in shown, "Successfully" in shown) == ("", True, True, False)
    word, path = f()
    assert (word, path[-20:]) == ("HELLO", "/python/greetings.py")
    (layer,) = f.configuration.layers
    assert [note.partition(" with ")[2] for note in f.notes] == ["greetings 1.0, words 3.1"]
    request.getfixturevalue("no_pip")
    assert session.deploy(PLAIN, "g", requirements=["greetings==1.*"]).configuration.layers == (layer,)
    own = session.layer("own", _folder(wheels.parent / "own", "python/mine.py"))
    again = session.deploy(USES, "f", layers=[own])
    assert again.configuration.layers == (session.service.layers.arn("own", 1), layer)
    assert again()[0] == "HELLO"
    assert session.deploy(PLAIN, "f", requirements=[]).configuration.layers == (session.service.layers.arn("own", 1),)


CACHED = "import greetings, os\ndef handler(event, context): return os.path.exists(greetings.__cached__)\n"


def test_what_pip_installs_is_compiled(session: jlambda.Session, wheels: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """So that no cold start has to; unless the layer would hold more than one may."""
    assert session.deploy(CACHED, "f", requirements="greetings==1.*")() is True
    monkeypatch.setattr("jlambda.runtimes.requirements.UNZIPPED_BYTES", 10)
    assert session.deploy(CACHED, "f", requirements="greetings==2.*")() is False


def test_a_session_that_is_opened_again_needs_no_pip(
    session: jlambda.Session, wheels: Path, request: pytest.FixtureRequest
) -> None:
    """The layer is in the state folder; other versions are another layer."""
    before = session.deploy(USES, "f", requirements="greetings<2").configuration.layers
    session.close()
    request.getfixturevalue("no_pip")
    assert session.deploy(USES, "g", requirements="greetings<2").configuration.layers == before
    assert session.get("g")()[0] == "HELLO"


def test_what_pip_cannot_do_is_one_line(
    session: jlambda.Session, wheels: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """A version that there is not, and no network; nothing of pip's is shown."""
    with pytest.raises(CodeError, match=r"^pip finds no greetings==7 for Python 3.*: there are 1.0, 2.0$"):
        session.deploy(PLAIN, "f", requirements="greetings==7")
    monkeypatch.delenv("PIP_NO_INDEX")
    monkeypatch.delenv("PIP_FIND_LINKS")
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/simple")
    with pytest.raises(CodeError, match=r"^pip cannot reach the package index: is there a network\?"):
        session.deploy(PLAIN, "f", requirements="greetings")
    assert session.functions() == []
    assert "ERROR" not in "".join(capfd.readouterr())


def test_only_python_has_pip(session: jlambda.Session, wheels: Path) -> None:
    """For other languages it is said what to do, before anything is built."""
    need(bool(language_of("nodejs").tools()), "Node.js")
    with pytest.raises(InvalidParameter, match=r"pip installs for Python, and nodejs.* is Node\.js: put its packages"):
        session.deploy("exports.handler = async () => 1", "f", runtime="nodejs", requirements="greetings")


def test_another_python_gets_what_is_made_for_it(session: jlambda.Session, wheels: Path) -> None:
    """By its own pip, or the notebook's in its name: its version tells which wheels go."""
    need(len(language_of("python").tools()) > 1, "another Python")
    other = next(tool for tool in language_of("python").tools() if tool.runtime != THIS_PYTHON)
    tag = other.runtime.replace("python", "cp").replace(".", "")
    (wheels / "words-3.1-py3-none-any.whl").rename(wheels / f"words-3.1-{tag}-none-any.whl")
    f = session.deploy(USES, "f", runtime=other.runtime, requirements="greetings", timeout=30)
    assert f()[0] == "HI"
    assert session.deploy(CACHED, "f")() is True


def test_layers_come_from_folders_zips_and_requirements(session: jlambda.Session, wheels: Path, tmp_path: Path) -> None:
    """The same content is the same version; a file of requirements counts by what it says."""
    folder = _folder(tmp_path / "lib", "python/mine.py")
    mine = session.layer("mine", folder)
    assert (str(mine), session.layer("mine", str(folder))) == ("mine:1", mine)
    (folder / "python" / "mine.py").write_text("VALUE = 2\n")
    zipped = tmp_path / "lib.zip"
    with zipfile.ZipFile(zipped, "w") as archive:
        archive.write(folder / "python" / "mine.py", "python/mine.py")
    assert str(session.layer("mine", zipped)) == "mine:2"
    (tmp_path / "requirements.txt").write_text("# ours\ngreetings==1.0\n")
    theirs = session.layer("theirs", tmp_path / "requirements.txt")
    assert (repr(theirs), theirs.runtimes) == (
        "<Layer theirs:1: greetings 1.0, words 3.1>",
        (session.deploy(PLAIN, "g").configuration.runtime,),
    )
    assert session.layer("theirs", ["greetings==1.0"]) == theirs
    source = "import greetings, mine\ndef handler(event, context): return [greetings.WORD, mine.VALUE]\n"
    assert session.deploy(source, "f", layers=[theirs, "mine:1"])() == ["HELLO", 1]
    assert session.deploy(source, "f", layers=[theirs, "mine:2"])() == ["HELLO", 2]


def test_a_layer_that_no_runtime_looks_into_is_told_of(session: jlambda.Session, tmp_path: Path) -> None:
    """Modules at the top of a folder are where Python does not look; what is not there is no package of PyPI."""
    with pytest.warns(RuntimeWarning, match="modules of Python belong into flat/python"):
        session.layer("flat", _folder(tmp_path / "flat", "mine.py"))
    for missing in (tmp_path / "nope", "nope.zip"):
        with pytest.raises(InvalidParameter, match=r"nope.*: there is no such file or folder"):
            session.layer("flat", missing)
    with pytest.raises(InvalidParameter, match="layer flat: give a folder, a zip or requirements"):
        session.layer("flat", [])


def _folder(folder: Path, *names: str) -> Path:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True)
        path.write_text("VALUE = 1\n")
    return folder
