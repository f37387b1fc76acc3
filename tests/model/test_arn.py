"""Names, qualifiers and ARNs."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jlambda.errors import InvalidParameter, ResourceNotFound
from jlambda.model.arn import Account, FunctionReference, check_function_name, check_qualifier, parse_reference

HERE = Account()
NAMES = st.from_regex(r"[A-Za-z0-9_-]{1,64}", fullmatch=True)
QUALIFIERS = st.one_of(st.none(), st.just("$LATEST"), st.from_regex(r"[A-Za-z0-9_-]{1,128}", fullmatch=True))


@given(NAMES, QUALIFIERS)
def test_every_way_to_name_a_function_is_understood(name: str, qualifier: str | None) -> None:
    """A name, a partial and a full ARN, each with and without a qualifier, mean the same function."""
    suffix = f":{qualifier}" if qualifier else ""
    wanted = FunctionReference(name, qualifier)
    assert parse_reference(name + suffix, HERE) == wanted
    assert parse_reference(f"123456789012:function:{name}{suffix}", HERE) == wanted
    assert parse_reference(HERE.function_arn(name, qualifier), HERE) == wanted


@given(st.text())
def test_any_other_text_is_refused_in_one_line(text: str) -> None:
    """What is not a reference raises an error of ours, and its message is one line."""
    try:
        found = parse_reference(text, HERE)
    except (InvalidParameter, ResourceNotFound) as error:
        assert "\n" not in str(error)
    else:
        assert check_function_name(found.name) == found.name


@pytest.mark.parametrize(
    "text",
    [
        "",
        "my function",
        "f:",
        "f:" + "q" * 129,
        "f\n",
        "f:1:2",
        "é",
        "x" * 65,
        "12345678901:function:f",
        "arn:aws:lambda:us-east-1:123456789012:f",
        "arn:aws:s3:us-east-1:123456789012:function:f",
        None,
        7,
    ],
)
def test_a_bad_reference_is_an_invalid_parameter(text: str) -> None:
    """Neither a name nor an ARN: one line that says so."""
    with pytest.raises(InvalidParameter) as caught:
        parse_reference(text, HERE)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("arn", "why"),
    [
        ("arn:aws:lambda:eu-west-1:123456789012:function:f", r"'eu-west-1' are not reachable in this region \('us-east-1'\)"),
        ("arn:aws:lambda:us-east-1:999999999999:function:f", "account 999999999999 are not reachable from this account"),
        ("999999999999:function:f", "account 999999999999 are not reachable from this account"),
    ],
)
def test_functions_of_others_are_not_found(arn: str, why: str) -> None:
    """An ARN of another region or account never means a function of this one."""
    with pytest.raises(ResourceNotFound, match=why):
        parse_reference(arn, HERE)


@pytest.mark.parametrize("name", ["a", "A-b_9", "x" * 64])
def test_good_names(name: str) -> None:
    """1 to 64 letters, digits, hyphens and underscores."""
    assert check_function_name(name) == name


@pytest.mark.parametrize("name", ["", "x" * 65, "a b", "a.b", "ä", "a\n", "$LATEST", None, 5])
def test_bad_names(name: str) -> None:
    """Anything else is refused with what is allowed."""
    with pytest.raises(InvalidParameter, match="use 1 to 64 letters, digits, - and _"):
        check_function_name(name)


@pytest.mark.parametrize("qualifier", ["1", "$LATEST", "prod", "a" * 128])
def test_good_qualifiers(qualifier: str) -> None:
    """A version, an alias, or $LATEST."""
    assert check_qualifier(qualifier) == qualifier


@pytest.mark.parametrize("qualifier", ["", "a:b", "a b", "a" * 129])
def test_bad_qualifiers(qualifier: str) -> None:
    """Anything else is refused with what is allowed."""
    with pytest.raises(InvalidParameter, match="use a version number, an alias"):
        check_qualifier(qualifier)


@pytest.mark.parametrize(
    ("region", "partition"), [("eu-west-3", "aws"), ("cn-north-1", "aws-cn"), ("us-gov-west-1", "aws-us-gov")]
)
def test_an_arn_names_its_partition(region: str, partition: str) -> None:
    """China's and the US government's regions are partitions of their own."""
    account = Account("000000000042", region).checked()
    arn = account.function_arn("f", "7")
    assert arn == f"arn:{partition}:lambda:{region}:000000000042:function:f:7"
    assert parse_reference(arn, account) == FunctionReference("f", "7")


@pytest.mark.parametrize("account_id", ["", "12345678901", "1234567890123", "12345678901x", "١٢٣٤٥٦٧٨٩٠١٢", 123456789012])
def test_bad_accounts(account_id: str) -> None:
    """An account is 12 digits."""
    with pytest.raises(InvalidParameter, match="use 12 digits"):
        Account(account_id).checked()


@pytest.mark.parametrize("region", ["", "mars", "us-east", "us east-1", "us-east-1a", None])
def test_bad_regions(region: str) -> None:
    """A region looks like us-east-1."""
    with pytest.raises(InvalidParameter, match="use an AWS region such as us-east-1"):
        Account(region=region).checked()
