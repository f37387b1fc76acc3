"""Secrets: kept in a file of their own, and taken out of whatever text would show them."""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jlambda.errors import InvalidParameter, StateError
from jlambda.model.frames import CONTINUED, STAMP
from jlambda.store.secrets import Secrets, check_size, redactor

# without asterisks: two redacted values in a row are six of them
values = st.text(st.characters(codec="utf-8", exclude_characters="*"), min_size=6, max_size=30)
around = st.text(st.characters(codec="utf-8"), max_size=20)


def redacted(text: str, *secrets: str) -> str:
    """`text` as it may be shown."""
    redact = redactor(secrets)
    assert redact is not None
    return redact(text.encode()).decode()


# -- the file


def test_values_are_there_for_the_next_session(folder: Path) -> None:
    """By function; a put replaces all that the function had."""
    secrets = Secrets(folder)
    secrets.put("f", {"TOKEN": "swordfish", "OLD": "yesterday"})
    secrets.put("g", {"KEY": "ünïcödé\n"})
    secrets.put("f", {"TOKEN": "hunter22"})
    for session in (secrets, Secrets(folder)):
        assert session.values("f") == {"TOKEN": "hunter22"}
        assert session.values("g") == {"KEY": "ünïcödé\n"}
        assert session.values("h") == {}


def test_deleting_leaves_the_others(folder: Path) -> None:
    """What is forgotten is not in the file any more; forgetting nothing is no error."""
    secrets = Secrets(folder)
    secrets.put("f", {"TOKEN": "swordfish"})
    secrets.put("g", {"TOKEN": "hunter22"})
    secrets.delete("f")
    secrets.delete("f")
    assert Secrets(folder).values("f") == {}
    assert Secrets(folder).values("g") == {"TOKEN": "hunter22"}
    assert b"swordfish" not in (folder / "secrets").read_bytes()


def test_nobody_else_can_read_the_file(folder: Path) -> None:
    """Mode 0600 whatever the umask, also after a change."""
    before = os.umask(0)
    try:
        secrets = Secrets(folder)
        for value in ("swordfish", "hunter22"):
            secrets.put("f", {"TOKEN": value})
            assert stat.S_IMODE((folder / "secrets").stat().st_mode) == 0o600
    finally:
        os.umask(before)
    assert os.listdir(folder) == ["secrets"]


def test_values_handed_out_are_copies(folder: Path) -> None:
    """Changing them changes nothing here."""
    secrets = Secrets(folder)
    secrets.put("f", {"TOKEN": "swordfish"})
    secrets.values("f").clear()
    assert secrets.values("f") == {"TOKEN": "swordfish"}


def test_no_value_is_in_the_repr(folder: Path) -> None:
    """Neither of the store nor of a redactor."""
    secrets = Secrets(folder)
    secrets.put("f", {"TOKEN": "swordfish"})
    assert repr(secrets) == "<Secrets of 1 functions>"
    assert "swordfish" not in repr(secrets.redact("f"))


def test_a_write_that_fails_leaves_the_old_file(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """On a full disk the earlier secrets stay, in memory as on disk, and nothing half written is left."""

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    secrets = Secrets(folder)
    secrets.put("f", {"TOKEN": "swordfish"})
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(StateError, match=r"secrets cannot be written \(No space left on device\): make room"):
        secrets.put("f", {"TOKEN": "hunter22"})
    assert secrets.values("f") == Secrets(folder).values("f") == {"TOKEN": "swordfish"}
    assert os.listdir(folder) == ["secrets"]


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"f": 1}', b"\xff\xfe"])
def test_a_damaged_file_is_told(folder: Path, content: bytes) -> None:
    """In one line, which shows nothing of what the file holds, and the file is left alone."""
    (folder / "secrets").write_bytes(content)
    with pytest.raises(StateError, match=r"secrets is damaged: move it away"):
        Secrets(folder)
    assert (folder / "secrets").read_bytes() == content


def test_a_file_that_cannot_be_read_is_told(folder: Path) -> None:
    """A folder in its place, for one."""
    (folder / "secrets").mkdir()
    with pytest.raises(StateError, match="secrets cannot be read"):
        Secrets(folder)


# -- redaction


def test_a_redactor_knows_the_latest_values(folder: Path) -> None:
    """It is made anew when the secrets change, and there is none where nothing is to be hidden."""
    secrets = Secrets(folder)
    assert secrets.redact("f") is None
    secrets.put("f", {"TOKEN": "swordfish"})
    first = secrets.redact("f")
    assert first is not None
    assert secrets.redact("f") is first
    assert (first(b"a swordfish"), secrets.redact("g")) == (b"a ***", None)
    secrets.put("f", {"TOKEN": "hunter22"})
    second = secrets.redact("f")
    assert second is not None
    assert second(b"hunter22 swordfish") == b"*** swordfish"
    secrets.delete("f")
    assert secrets.redact("f") is None


def test_short_values_are_left() -> None:
    """Five characters would turn up by chance; six are hidden."""
    assert redactor([]) is None
    assert redactor(["12345", ""]) is None
    assert redacted("12345 123456", "12345", "123456") == "12345 ***"


@given(values, around, around)
def test_a_value_never_comes_through(secret: str, before: str, after: str) -> None:
    """Not as it is, nor inside JSON, nor inside a Python repr."""
    for form in (
        secret,
        json.dumps(secret)[1:-1],
        json.dumps(secret, ensure_ascii=False)[1:-1],
        repr(secret)[1:-1],
        ascii(secret)[1:-1],
    ):
        shown = redacted(before.replace(form, "") + form + after.replace(form, ""), secret)
        assert "***" in shown
        assert form not in shown


@given(values, st.dictionaries(around, around, max_size=3), st.booleans())
def test_json_stays_json(secret: str, rest: dict[str, str], is_ascii: bool) -> None:
    """A response that held a secret can still be read."""
    text = json.dumps({**rest, "token": secret}, ensure_ascii=is_ascii)
    if secret not in json.dumps({**rest, "token": ""}, ensure_ascii=is_ascii):
        assert json.loads(redacted(text, secret))["token"] == "***"


@given(st.lists(values, min_size=1, max_size=4), st.binary(max_size=60))
def test_other_text_is_untouched(secrets: list[str], text: bytes) -> None:
    """Bytes that hold no secret come back as they were."""
    redact = redactor(secrets)
    assert redact is not None
    shown = redact(text)
    assert shown == text or b"***" in shown
    assert redact(b"") == b""


@given(
    st.lists(st.text(st.characters(codec="utf-8", exclude_characters="*\n\0"), min_size=3, max_size=10), min_size=2, max_size=4)
)
def test_a_value_of_several_lines_is_found_in_output(lines: list[str]) -> None:
    """Printed, each line has a stamp; in a log record, the lines are marked as continued."""
    redact = redactor(["\n".join(lines)])
    assert redact is not None
    stamp = STAMP + b"1795435200000"
    encoded = [line.encode() for line in lines]
    assert redact(stamp + (b"\n" + stamp).join(encoded) + b"\n") == stamp + b"***\n"
    assert redact(stamp + b"[INFO] " + (CONTINUED + b"\n").join(encoded) + b"\n") == stamp + b"[INFO] ***\n"


def test_the_longest_value_goes_first() -> None:
    """Where one secret begins another, no end of the longer one is left."""
    assert redacted("swordfish-and-chips", "swordfish", "swordfish-and-chips") == "***"


def test_variables_and_secrets_share_4_kb() -> None:
    """4,096 bytes of JSON are allowed, one more is not."""
    rest = 4_096 - len('{"A":"","TOKEN":"x"}')
    check_size({"A": "x" * rest}, {"TOKEN": "x"})
    with pytest.raises(InvalidParameter, match="take 4097 bytes; at most 4096"):
        check_size({"A": "x" * rest}, {"TOKEN": "xx"})


@given(st.lists(values, min_size=1, max_size=3), st.lists(st.text(max_size=8), max_size=4), st.data())
def test_what_is_cut_can_be_put_together(secrets: list[str], around: list[str], data: st.DataObject) -> None:
    """Whatever parts a text comes in: what could be the beginning of a value waits, and nothing of one gets through."""
    text = "".join(each + data.draw(st.sampled_from(secrets)) for each in around).encode()
    redact = redactor(secrets)
    assert redact is not None
    sent, pending = b"", b""
    while text:
        size = data.draw(st.integers(1, len(text)))
        pending, text = redact(pending + text[:size]), text[size:]
        end = len(pending) - redact.open_end(pending)
        sent, pending = sent + pending[:end], pending[end:]
    assert not [each for each in secrets if each.encode() in sent + pending]
