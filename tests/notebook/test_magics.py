"""`%%lambda` and `%lambda` in a real shell, on a real session."""

from __future__ import annotations

import json
from pathlib import Path
from textwrap import dedent

import pandas as pd
import pytest
from IPython.core.interactiveshell import InteractiveShell
from traitlets.config.loader import PyFileConfigLoader

import jlambda
from jlambda.errors import CodeError, FunctionError, InvalidParameter, InvalidRequestContent, LambdaError, ResourceNotFound
from jlambda.notebook.display import function_card
from jlambda.notebook.invocation_card import invocation_card
from tests.api.packages import zipped
from tests.notebook.conftest import Run
from tests.wheels import a_wheel

FAILS = """
def handler(event, context):
    if event == "exit":
        raise SystemExit
    return {"set": {1}, "large": "x" * 7_000_000}.get(event, event)
"""
ECHO = "def handler(event, context):\n    return event\n"


def test_a_cell_deploys_a_function_and_binds_its_name(run: Run) -> None:
    """The card is shown, the name is Python's form of the function's, and calling it gives the handler's result."""
    ran = run(f"%%lambda my-fn --memory 256 --timeout 10 --description 'says it again'\n{ECHO}")
    assert ran.error is None
    card = ran.displayed[0]
    assert "λ my-fn  says it again" in card["text/plain"]
    assert "arn:aws:lambda:us-east-1:123456789012:function:my-fn" in card["text/html"]
    assert "256 MB" in card["text/plain"]
    assert run("my_fn({'a': [1, None]})").value == {"a": [1, None]}
    assert run("jlambda = __import__('jlambda'); jlambda.get('my-fn')(1)").value == 1


def test_the_card_says_what_changed(run: Run) -> None:
    """Given options win, options not given stay, and the card has the difference."""
    first = run(f"%%lambda f -m 256 -e STAGE=dev -e DEBUG=1\n{ECHO}").displayed[0]["text/plain"]
    assert "changed" not in first
    same = run(f"%%lambda f\n{ECHO}").displayed[0]["text/plain"]
    assert "nothing since the last deploy" in same
    assert "256 MB" in same
    changed = run(f"%%lambda f -m 512 -e STAGE=prod -e REGION=eu\n# new\n{ECHO}").displayed[0]["text/plain"]
    assert "code, memory 256 → 512 MB, environment (-DEBUG, +REGION, STAGE)" in changed


def test_layers_of_a_cell(run: Run, session: jlambda.Session) -> None:
    """By name and version or by ARN; the card shows them; a cell that says nothing of them keeps them."""
    for text in ("one", "two"):
        session.service.layers.publish("words", zipped({"python/words.py": f"WORD = {text!r}\n"}))
    cell = "import words\ndef handler(event, context):\n    return words.WORD\n"
    first = run(f"%%lambda f --layer words:1\n{cell}").displayed[0]["text/plain"]
    assert "words:1" in first and run("f()").value == "one"
    arn = session.service.layers.arn("words", 2)
    changed = run(f"%%lambda f --layer {arn}\n{cell}").displayed[0]["text/plain"]
    assert "layers words:1 → words:2" in changed and run("f()").value == "two"
    assert "words:2" in run(f"%%lambda f -m 256\n{cell}").displayed[0]["text/plain"]
    for wrong, says in (("words", "name one of its versions, words:1"), ("words:3", "Layer version .*:words:3 does not exist")):
        with pytest.raises(InvalidParameter, match=says):
            raise run(f"%%lambda f -q --layer {wrong}\n{cell}").error or AssertionError
    assert run("f()").value == "two"
    assert "layers words:2 → none" in run(f"%%lambda f --no-layers\n{ECHO}").displayed[0]["text/plain"]


def test_requirements_of_a_cell(run: Run, tmp_path: Path) -> None:
    """pip puts them into a layer, whose packages the card names, until --no-layers."""
    wheel = a_wheel(tmp_path, "words", "1.2", "WORD = 'installed'\n")
    cell = "import words\ndef handler(event, context):\n    return words.WORD\n"
    ran = run(f"%%lambda f --requirements {wheel}\n{cell}")
    assert "with words 1.2\n" in ran.displayed[0]["text/plain"]
    assert run("f()").value == "installed"
    assert "requirements-" in run(f"%%lambda f\n# new\n{cell}").displayed[0]["text/plain"]
    assert "→ none" in run(f"%%lambda f --no-layers\n{cell}").displayed[0]["text/plain"]
    wrong = run(f"%%lambda f --requirements nosuch.txt\n{cell}").error
    assert isinstance(wrong, InvalidParameter) and "nosuch.txt: there is no such file of requirements" in str(wrong)


def test_quiet_shows_no_card(run: Run) -> None:
    """-q deploys and says nothing."""
    ran = run(f"%%lambda f -q\n{ECHO}")
    assert (ran.displayed, ran.printed, ran.error) == ([], "", None)
    assert run("f(3)").value == 3


def test_invoke_shows_the_invocation(run: Run) -> None:
    """-i calls the function once deployed; the value of the cell is the invocation."""
    ran = run(f"%%lambda f -q -i {json.dumps({'a': 1})}\n{ECHO}")
    assert ran.value.result == {"a": 1}


def test_output_keeps_what_would_be_shown(run: Run) -> None:
    """-o VAR binds the answer, and nothing is shown."""
    ran = run(f"%%lambda f -q -i 5 -o kept\n{ECHO}")
    assert ran.value is None
    assert run("kept.result").value == 5
    assert run("%lambda invoke f 6 -o kept").value is None
    assert run("kept.result").value == 6


def test_a_semicolon_silences(run: Run) -> None:
    """A line, a card and what `--invoke` gives; variables are kept all the same."""
    assert run("%%lambda hello;\ndef handler(event, context): return event").displayed == []
    for cell in ("%lambda list;", "%lambda invoke hello '{}' ;", "%%lambda hello -i 1;\ndef handler(event, context): return 2"):
        ran = run(cell)
        assert (ran.error, ran.value, ran.displayed) == (None, None, [])
    run("%lambda invoke hello 5 -o kept;")
    assert run("kept.result").value == 2


def test_magics_stack(run: Run) -> None:
    """`%%time` above a cell and `%time` before a line."""
    timed = run("%%time\n%%lambda hello -q\ndef handler(event, context): return event")
    assert (timed.error, "Wall time" in timed.printed) == (None, True)
    assert "Wall time" in run("%time seen = %lambda invoke hello 3").printed
    assert run("seen.result").value == 3


def test_options_come_from_a_configuration_file(session: jlambda.Session, shell: InteractiveShell, tmp_path: Path) -> None:
    """What IPython has read of it when the extension is loaded."""
    (tmp_path / "ipython_config.py").write_text("c.LambdaMagics.memory = 640\nc.LambdaMagics.timeout = 7\n")
    shell.update_config(PyFileConfigLoader("ipython_config.py", str(tmp_path)).load_config())
    shell.run_line_magic("load_ext", "jlambda")
    shell.run_cell("%%lambda hello -q\ndef handler(event, context): return event")  # type: ignore[no-untyped-call]
    configuration = session.get("hello").configuration
    assert (configuration.memory_mb, configuration.timeout_s) == (640, 7)
    shell.run_line_magic("unload_ext", "jlambda")


def test_a_comment_may_stand_above_the_magic(run: Run) -> None:
    """The function is deployed, and its lines are still numbered as in the cell."""
    ran = run("# what it does\n\n%%lambda f -q\ndef handler(event, context):\n    return 1 / event\n")
    assert ran.error is None
    error = run("f(0)").error
    assert isinstance(error, FunctionError)
    assert "line 5, in handler" in "\n".join(error._render_traceback_())


def test_an_exception_points_at_the_line_of_the_cell(run: Run, shell: InteractiveShell) -> None:
    """The traceback names the cell and shows its line, and none of ours."""
    handler = "def handler(event, context):\n    return deeper(event)\n\n"
    run(f"%%lambda f -q\n{handler}def deeper(event):\n    return event['missing']\n")
    number = 1
    error = run("f({})").error
    assert isinstance(error, FunctionError)
    shown = "\n".join(error._render_traceback_())
    assert f"Cell In[{number}], line 3, in handler" in shown
    assert f"Cell In[{number}], line 6, in deeper" in shown
    assert "return event['missing']" in shown
    assert shown.endswith("FunctionError: f failed: KeyError: 'missing'")
    assert "bootstrap" not in shown


@pytest.mark.parametrize(
    ("cell", "kind", "message"),
    [
        ("%%lambda f\ndef handler(event, context)\n    pass", CodeError, "line 2: expected ':'"),
        ("%%lambda f\ndef handler(event, context):\n    return df", CodeError, "line 3: `df` is defined neither"),
        ("%%lambda f\nx = 1", CodeError, "handler"),
        ("%%lambda f\ndef a(event, context): ...\ndef b(event, context): ...", CodeError, "a"),
        ("%%lambda f\n   \n", CodeError, "the cell is empty"),
        (f"%%lambda f -m 127\n{ECHO}", InvalidParameter, "from 128 to 10240 MB"),
        (f"%%lambda f --memroy 256\n{ECHO}", InvalidParameter, "did you mean --memory?"),
        (f"%%lambda a.b\n{ECHO}", InvalidParameter, "function name 'a.b'"),
        (f"%%lambda f --runtime python2.7\n{ECHO}", InvalidParameter, "python2.7 is no longer supported"),
        (f"%%lambda f --runtime perl5\n{ECHO}", InvalidParameter, "runtime 'perl5' is not known"),
        (f"%%lambda f -e AWS_REGION=x\n{ECHO}", InvalidParameter, "AWS_REGION"),
        (f"%%lambda f -i nothing\n{ECHO}", InvalidRequestContent, "there is no variable 'nothing'"),
        (f"%%lambda f --use nothing\n{ECHO}", InvalidParameter, "the notebook has no variable 'nothing'"),
        (f"%%lambda f --secret NOT_SET_ANYWHERE\n{ECHO}", LambdaError, "set NOT_SET_ANYWHERE in the environment"),
    ],
)
def test_a_wrong_cell_deploys_nothing(
    run: Run, session: jlambda.Session, cell: str, kind: type[Exception], message: str
) -> None:
    """The error says what is wrong, in one line unless it shows the cell's, and there is no function afterwards."""
    ran = run(cell)
    assert isinstance(ran.error, kind)
    assert message in str(ran.error)
    assert ran.printed.startswith(f"{kind.__name__}: ")
    assert ran.printed.count("\n") == (3 if "^" in ran.printed else 1)
    assert session.functions() == []


def test_objects_of_the_notebook_are_shipped(run: Run) -> None:
    """--use makes notebook objects globals of the function: values, functions and classes."""
    run("import math\nrates = {'a': 2}\ndef area(r):\n    return round(math.pi * r * r, 2)")
    ran = run("%%lambda f -q --use rates,area\ndef handler(event, context):\n    return [rates[event], area(1)]")
    assert ran.error is None
    assert run("f('a')").value == [2, 3.14]


SECRETIVE = """
import logging, os
def handler(event, context):
    key = os.environ["API_KEY"]
    print("key", key)
    logging.error("key %s", {"key": key})
    if event == "fail":
        raise ValueError(key)
    return [len(key), key] if event == "leak" else len(key)
"""


def test_a_secret_is_seen_by_the_function_only(run: Run, session: jlambda.Session, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its value comes from the kernel's environment, and is in no card, result, error, log, frame or database."""
    value = 's3cr3t-"quoted"-value'
    monkeypatch.setenv("API_KEY", value)
    ran = run(f"%%lambda f --secret API_KEY{SECRETIVE}")
    assert "API_KEY=***" in ran.displayed[0]["text/plain"]
    assert run("f('count')").value == len(value)
    assert run("f('leak')").value == [len(value), "***"]
    shown = [*ran.displayed[0].values(), run("f('fail')").printed]
    for cell in ("f", "f.configuration", "%lambda invoke f '\"leak\"'", "%lambda invoke f '\"fail\"'"):
        thing = run(cell).value
        shown += [repr(thing), *texts_of(thing)]
    frames = [run(f"%lambda {verb}").value for verb in ("logs", "invocations", "cost", "metrics", "list")]
    shown += [frame.to_csv() for frame in frames[:-1]] + [repr(frames[-1])]
    assert "key ***" in shown[-5]
    assert [text for text in shown if "s3cr3t" in text or "quoted" in text] == []

    session.close()
    folder = Path("state")
    assert folder.stat().st_mode & 0o777 == 0o700
    assert (folder / "secrets").stat().st_mode & 0o777 == 0o600
    kept = {path.name: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    assert [name for name, content in kept.items() if b"s3cr3t" in content] == ["secrets"]


def texts_of(thing: object) -> list[str]:
    """The texts that an invocation carries; none for other things."""
    if not isinstance(thing, jlambda.Invocation):
        return []
    return [str(thing.result), str(thing.error), thing.payload.decode(), str(thing.logs), invocation_card(thing).html()]


def test_line_and_assignment_give_the_same(run: Run) -> None:
    """`%lambda invoke` gives the invocation, shown or assigned; events are JSON, a variable or a file."""
    run(f"%%lambda f -q\n{ECHO}")
    run("order = {'id': 7}")
    Path("event.json").write_text('{"from": "file"}')
    assert run("%lambda invoke f").value.result == {}
    assert run("%lambda invoke f '{\"a\": 1}'").value.result == {"a": 1}
    assert run('%lambda invoke f {"a": {"b": "$x {y}"}}').value.result == {"a": {"b": "$x {y}"}}
    assert run("%lambda invoke f order").value.result == {"id": 7}
    assert run("%lambda invoke f @event.json").value.result == {"from": "file"}
    assert run("res = %lambda invoke f '{\"a\": 2}'\nres.result").value == {"a": 2}


def test_a_failed_invocation_is_shown_not_raised(run: Run) -> None:
    """As with fn.invoke, the error is part of the answer."""
    run("%%lambda f -q\ndef handler(event, context):\n    raise ValueError('no')")
    ran = run("%lambda invoke f")
    assert ran.error is None
    assert ran.value.error.error_type == "ValueError"


@pytest.mark.parametrize(
    ("call", "printed"),
    [
        ("f({1, 2})", "InvalidRequestContent: the event is not JSON: Object of type set is not JSON serializable"),
        ("f(float('nan'))", "InvalidRequestContent: the event is not JSON: "),
        ("f('x' * 6_291_455)", "RequestTooLarge: the event has 6291457 bytes of JSON; 6291456 (6 MB) are allowed"),
        ("f('set')", "FunctionError: f failed: Runtime.MarshalError: Unable to marshal response: Object of type set is not"),
        ("f('large')", "FunctionError: f failed: Function.ResponseSizeTooLarge: Response payload size exceeded maximum"),
        ("f('exit')", "FunctionError: f failed: RequestId: "),
        ("%lambda invoke f:7 {}", "ResourceNotFound: Function not found: arn:aws:lambda:us-east-1:123456789012:function:f:7"),
        ("jlambda.get('nobody')", "ResourceNotFound: Function not found: "),
        ("jlambda.get('no body')", "InvalidParameter: 'no body' is neither a function name, NAME:QUALIFIER nor a function ARN"),
    ],
)
def test_a_wrong_call_is_one_line(run: Run, call: str, printed: str) -> None:
    """Of what is wrong with an event, a result or a reference, a notebook shows one line, and the function goes on."""
    run("import jlambda")
    run(f"%%lambda f -q{FAILS}")
    ran = run(call)
    assert ran.printed.startswith(printed)
    assert ran.printed.count("\n") == 1
    assert run("f('fine')").value == "fine"


def test_a_taken_folder_is_told_once(run: Run, session: jlambda.Session) -> None:
    """A second kernel on the same state folder says where it keeps its functions, with the first magic only."""
    taken = session.folder
    with jlambda.Session(taken) as second:
        printed = run(f"%%lambda f -q\n{ECHO}").printed
        assert printed == f"{taken} is in use by another kernel; this one keeps its functions in {second.folder}\n"
        assert run(f"%%lambda f -q\n{ECHO}").printed == ""
    assert session.functions() == []


def test_the_verbs_answer(run: Run, session: jlambda.Session) -> None:
    """list, show, logs, invocations, cost and metrics give functions and frames; delete and reset say what they did."""
    run(f"%%lambda f -q\n{ECHO}")
    run(f"%%lambda g -q\n{ECHO}")
    run("f(1); f(2); g(3)")
    assert [function.name for function in run("%lambda list").value] == ["f", "g"]
    assert run("%lambda show g").value.name == "g"
    assert len(run("%lambda invocations").value) == 3
    assert set(run("%lambda invocations f").value["function"]) == {"f"}
    assert "START RequestId" in run("%lambda logs g").value["message"].str.cat()
    assert isinstance(run("%lambda cost").value, pd.DataFrame)
    assert run("%lambda metrics f").value["invocations"].sum() == 2
    assert run("%lambda replay f").value.after.result == run("f(2)").value
    assert run("%lambda delete f").printed == "deleted f\n"
    assert isinstance(run("f(1)").error, ResourceNotFound)
    assert set(run("%lambda invocations f").value["function"]) == {"f"}
    assert "START RequestId" in run("%lambda logs f").value["message"].str.cat()
    assert run("%lambda cost f").value["invocations"].tolist() == run("%lambda metrics f").value["invocations"].tolist() == [4]
    assert isinstance(run("%lambda replay f").error, ResourceNotFound)
    run(f"%%lambda h -q\n{ECHO}")
    assert "h has not run yet" in str(run("%lambda replay h").error)
    run("%lambda delete h")
    assert run("%lambda reset").printed == "deleted 1 function, all invocations and logs\n"
    assert session.functions() == []
    assert len(run("%lambda invocations").value) == 0


def test_versions_and_aliases(run: Run) -> None:
    """publish and alias give the function under its qualifier, whose card says so."""
    run(f"%%lambda f -q\n{ECHO}")
    assert run("%lambda publish f --description first").value.reference == "f:1"
    live = run("%lambda alias f live 1").value
    assert (live.reference, live(3)) == ("f:live", 3)
    assert "λ f:live" in function_card(live).text()
    assert run("%lambda invoke f:live 4").value.record.version == "1"
    live.provision(1)
    assert "of 1" in function_card(live).text()


@pytest.mark.parametrize("line", ["invoke helo 1", "show helo", "logs helo", "delete helo"])
def test_an_unknown_function_names_the_nearest(run: Run, line: str) -> None:
    """One line with the functions there are."""
    run(f"%%lambda hello -q\n{ECHO}")
    error = run(f"%lambda {line}").error
    assert isinstance(error, ResourceNotFound)
    assert str(error) == "there is no function 'helo'; did you mean hello? (there are hello)"


def test_help_is_printed(run: Run) -> None:
    """--help of the cell and of a verb, and the docstring that `%lambda?` shows."""
    assert "--ephemeral-storage MB" in run("%%lambda --help\npass").printed
    assert "usage: %lambda invoke" in run("%lambda invoke --help").printed
    assert "%lambda reset" in run("%lambda").printed
    shown = str(run("get_ipython().inspector.info(get_ipython().find_line_magic('lambda'))['docstring']").value)
    assert "--ephemeral-storage MB" in shown
    assert "%lambda dashboard    What goes on, live" in shown


def test_the_word_lambda_is_still_python(run: Run) -> None:
    """Automagic does not take `lambda x: x` for the magic."""
    assert run("(lambda x: x + 1)(1)").value == 2
    assert run("lambda x: x").value(3) == 3


def test_a_failing_magic_is_one_line_in_the_notebook(run: Run) -> None:
    """No traceback of ours: the error's name and what it says."""
    ran = run("%lambda show nothing")
    assert ran.printed == "ResourceNotFound: there is no function 'nothing' (none is deployed yet)\n"


def test_the_function_runs_in_a_process_of_its_own(run: Run) -> None:
    """The kernel's variables, environment and process are not the function's."""
    cell = dedent("""
        %%lambda f -q
        import os
        def handler(event, context):
            return [os.getpid(), "HOME" in os.environ, context.function_name]
    """).lstrip()
    run(cell)
    pid, has_home, name = run("f(0)").value
    assert (has_home, name) == (False, "f")
    assert pid != run("import os; os.getpid()").value


def test_a_trigger_is_refused_before_anything_is_deployed(run: Run) -> None:
    """One that makes no sense, one that is there twice, and one of a kind that nothing sees to."""
    for trigger, told in (("sq:jobs", "did you mean sqs:QUEUE?"), ("rate(5 minute)", "write rate(5 minutes)")):
        ran = run(f"%%lambda f -q --trigger {trigger}\n{ECHO}")
        assert isinstance(ran.error, InvalidParameter)
        assert told in str(ran.error)
    ran = run(f"%%lambda f -q --trigger url --trigger url\n{ECHO}")
    assert "'url' is given twice" in str(ran.error)
    assert isinstance(run("%lambda trigger list f").error, ResourceNotFound)
    assert run("%lambda trigger").value == []


def test_a_snapshot_and_a_reset_that_keeps_functions(run: Run) -> None:
    """`%lambda snapshot` keeps all there is and brings it back; `reset --keep functions` empties the services only."""
    run("%%lambda kept -q\ndef handler(event, context): return event")
    assert run("%lambda snapshot list").printed.startswith("no snapshot yet")
    assert run("%lambda snapshot save first").printed.startswith("saved first")
    assert run("%lambda reset --keep functions").printed.startswith("kept 1 function;")
    assert run("%lambda reset").printed.startswith("deleted 1 function,")
    assert run("%lambda snapshot list").printed == "first\n"
    assert run("%lambda snapshot load first").printed.startswith("loaded first")
    assert [function.name for function in jlambda.current().functions()] == ["kept"]


def test_new_functions_get_what_is_configured(run: Run, session: jlambda.Session) -> None:
    """Where the cell says nothing; a function that is there already keeps what it has."""
    run("%%lambda before -q\ndef handler(event, context): return 1")
    run("%config LambdaMagics.memory = 512")
    run("%config LambdaMagics.timeout = 30")
    run("%%lambda before -q\ndef handler(event, context): return 2")
    run("%%lambda after -q\ndef handler(event, context): return 3")
    run("%%lambda said -q --memory 256\ndef handler(event, context): return 4")
    found = {it.name: (it.configuration.memory_mb, it.configuration.timeout_s) for it in session.functions()}
    assert found == {"before": (128, 3), "after": (512, 30), "said": (256, 30)}
    refused = run("%config LambdaMagics.memory = 1\n%lambda list")
    assert refused.error is None
    assert "memory is 1; it must be a whole number from 128" in str(run("%%lambda new -q\ndef handler(e, c): return 5").error)
