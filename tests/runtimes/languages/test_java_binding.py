"""How events become Java objects and results become JSON: shapes of many kinds, and the reader and writer themselves."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from jlambda.runtimes.language import on_path
from tests.conftest import need
from tests.runtimes.languages.bridged import Bridged, Deployed

SHAPES = """
import java.math.*;
import java.net.URI;
import java.nio.ByteBuffer;
import java.time.*;
import java.util.*;

public class Shapes {
    public enum Colour { RED, GREEN }
    public record Point(int x, Integer y, List<Colour> colours) {}
    public record Wrong(int x) { public Wrong { if (x < 0) throw new IllegalArgumentException("x is negative"); } }

    public static class Bean {
        private String name;
        private boolean isOpen;
        private String URL;
        private int onlyRead = 5;
        private String noSetter;
        public double rate;
        public transient int ignored = 1;
        public static int shared = 9;
        public String getName() { return name; }
        public void setName(String name) { this.name = name; }
        public boolean isOpen() { return isOpen; }
        public void setOpen(boolean open) { isOpen = open; }
        public String getURL() { return URL; }
        public void setURL(String url) { URL = url; }
        public int getTwice() { return onlyRead * 2; }
        public String getNoSetter() { return noSetter; }
    }

    public static class Page<T> { public List<T> items; public T first; public Map<String, T[]> more; }
    public static class Points extends Page<Point> { public int total; }
    public static class Node { public int value; public Node next; }
    static class Hidden { private Hidden() {} public int x; }
    public interface Unmade { int getX(); }

    public static Map<String, Object> map(Map<String, Object> e) { return e; }
    public static Object any(Object e) { return e; }
    public static String types(Object[] e) {
        StringBuilder names = new StringBuilder();
        for (Object o : e) names.append(o == null ? "null" : o.getClass().getSimpleName()).append(' ');
        return names.toString().trim();
    }
    public static Point point(Point e) { return e; }
    public static Wrong wrong(Wrong e) { return e; }
    public static Bean bean(Bean e) { return e; }
    public static Page<Point> page(Page<Point> e) { if (e.items.get(0).x() < 0) throw new Error(); return e; }
    public static Points points(Points e) { if (e.first.x() < 0) throw new Error(); return e; }
    public static Node node(Node e) { return e; }
    public static Hidden hidden(Hidden e) { return e; }
    public static Unmade unmade(Unmade e) { return e; }
    public static <T extends Number> Object generic(List<? extends T> e) { return e; }
    public static int[][] ints(int[][] e) { return e; }
    public static Set<Colour> set(Set<Colour> e) { return e; }
    public static SortedSet<String> sorted(SortedSet<String> e) { return e; }
    public static Deque<Integer> deque(Deque<Integer> e) { return e; }
    public static Map<Integer, Colour> keys(TreeMap<Integer, Colour> e) { return e; }
    public static EnumMap<Colour, Integer> made(Map<Colour, Integer> e) { return new EnumMap<>(e); }
    public static BigDecimal decimal(BigDecimal e) { return e; }
    public static BigInteger big(BigInteger e) { return e; }
    public static int whole(int e) { return e; }
    public static long wide(long e) { return e; }
    public static byte small(byte e) { return e; }
    public static Number number(Number e) { return e; }
    public static float real(float e) { return e; }
    public static boolean flag(boolean e) { return e; }
    public static char letter(char e) { return e; }
    public static String text(String e) { return e; }
    public static byte[] bytes(byte[] e) { if (e[0] != 0) throw new Error(); return e; }
    public static ByteBuffer buffer(ByteBuffer e) { return e; }
    public static Instant instant(Instant e) { return e; }
    public static LocalDate date(LocalDate e) { return e.plusDays(1); }
    public static Date time(Date e) { return e; }
    public static UUID uuid(UUID e) { return e; }
    public static URI uri(URI e) { return e; }
    public static Optional<Integer> optional(Optional<Integer> e) { return e; }
    public static Object odd(Object e) {
        Object builder = new StringBuilder("b");
        return new Object[] {Double.NaN, 1f, 'c', builder, List.of(1).iterator(), Optional.empty(), new char[] {'x'}};
    }
}
"""
PROBE = """package jlambda;

import java.nio.charset.StandardCharsets;

public class Probe {
    public static Object read(String text) {
        try {
            JsonReader reader = new JsonReader(text.getBytes(StandardCharsets.UTF_8));
            Object value = reader.value();
            reader.end();
            return java.util.Collections.singletonList(value);
        } catch (IllegalArgumentException error) {
            return error.getMessage();
        }
    }
}
"""


@pytest.fixture(scope="module", autouse=True)
def java() -> None:
    need(bool(on_path("javac")), "a JDK")


@pytest.fixture(scope="module")
def shapes(tmp_path_factory: pytest.TempPathFactory) -> Deployed:
    return Deployed(tmp_path_factory.mktemp("shapes"), "java", {"Shapes.java": SHAPES}, "Shapes::any")


@pytest.fixture(scope="module")
def echo(shapes: Deployed) -> Iterator[Bridged]:
    with shapes.running() as environment:
        yield environment


@pytest.fixture(scope="module")
def probe(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bridged]:
    """The reader by itself; the class is of its package, to be let in."""
    deployed = Deployed(tmp_path_factory.mktemp("probe"), "java", {"jlambda/Probe.java": PROBE}, "jlambda.Probe::read")
    with deployed.running() as environment:
        yield environment


def value(environment: Bridged, event: object) -> Any:
    """What the function answers to an event."""
    reply = environment.invoke(event)
    assert reply is not None
    return reply.value


POINT = {"x": 1, "y": None, "colours": ["RED", "GREEN"]}
FULL_BEAN = {"name": "n", "noSetter": "set", "rate": 1.5, "open": True, "twice": 10, "url": "u"}


@pytest.mark.parametrize(
    ("method", "event", "expected"),
    [
        ("map", {"a": {"b": [1]}}, {"a": {"b": [1]}}),
        (
            "types",
            [1, 2**31, 2**63, 1.5, "s", True, None, [], {}],
            "Integer Long BigInteger Double String Boolean null ArrayList LinkedHashMap",
        ),
        ("point", POINT, POINT),
        ("point", {"unknown": {"x": [1]}}, {"x": 0, "y": None, "colours": None}),
        ("bean", {**FULL_BEAN, "twice": 7, "ignored": 7, "shared": 7}, FULL_BEAN),
        ("bean", {}, {"name": None, "noSetter": None, "rate": 0.0, "open": False, "twice": 10, "url": None}),
        (
            "page",
            {"items": [POINT], "first": POINT, "more": {"k": [POINT]}},
            {"items": [POINT], "first": POINT, "more": {"k": [POINT]}},
        ),
        ("points", {"items": [], "first": POINT, "total": 2}, {"items": [], "first": POINT, "more": None, "total": 2}),
        ("node", {"value": 1, "next": {"value": 2}}, {"value": 1, "next": {"value": 2, "next": None}}),
        ("hidden", {"x": 3}, {"x": 3}),
        ("generic", [1, 2.5], [1, 2.5]),
        ("ints", [[1], [], [2, 3]], [[1], [], [2, 3]]),
        ("set", ["RED", "RED"], ["RED"]),
        ("sorted", ["b", "a"], ["a", "b"]),
        ("deque", [1, 2], [1, 2]),
        ("keys", {"10": "RED", "9": "GREEN"}, {"9": "GREEN", "10": "RED"}),
        ("made", {"GREEN": 2, "RED": 1}, {"RED": 1, "GREEN": 2}),
        ("big", 2**200, 2**200),
        ("whole", "12", 12),
        ("whole", 12.0, 12),
        ("wide", -(2**63), -(2**63)),
        ("number", 1.5, 1.5),
        ("real", 0.5, 0.5),
        ("flag", "true", True),
        ("letter", "é", "é"),
        ("text", 12.50, "12.5"),
        ("text", True, "true"),
        ("text", None, None),
        ("whole", None, 0),
        ("bytes", "AAEC", "AAEC"),
        ("buffer", "AAEC", "AAEC"),
        ("instant", "2026-01-01T00:00:00Z", "2026-01-01T00:00:00Z"),
        ("date", "2026-12-31", "2027-01-01"),
        ("time", 1000, 1000),
        ("uuid", "8476a536-e9f4-11e8-9739-2dfe598c3fcd", "8476a536-e9f4-11e8-9739-2dfe598c3fcd"),
        ("uri", "s3://b/k", "s3://b/k"),
        ("optional", None, None),
        ("optional", 1, 1),
        ("odd", 0, ["NaN", 1.0, "c", "b", [1], None, "x"]),
    ],
)
def test_an_event_takes_the_handlers_shape(shapes: Deployed, method: str, event: object, expected: object) -> None:
    """Records, beans, generics, collections and scalars, there and back."""
    (found,) = shapes.answers(event, _HANDLER=f"Shapes::{method}")
    assert found == expected
    if isinstance(expected, dict):
        assert list(found) == list(expected)


@pytest.mark.parametrize(
    ("method", "event", "complaint"),
    [
        ("whole", 2**31, "at byte 10: 2147483648 does not fit int"),
        ("whole", "x", "at byte 3: x does not fit int"),
        ("wide", 1e300, "does not fit long"),
        ("small", 200, "200 does not fit byte"),
        ("flag", 1, 'at byte 1: "1" does not fit boolean'),
        ("set", ["BLUE"], '"BLUE" does not fit Shapes$Colour'),
        ("point", [1], "an array does not fit Shapes$Point"),
        ("point", "x", '"x" does not fit Shapes$Point'),
        ("text", {}, "a single value is wanted here, and there is an object"),
        ("ints", {"a": 1}, "'[' is wanted here"),
        ("wrong", {"x": -1}, "x is negative"),
        ("unmade", {"x": 1}, "Shapes$Unmade cannot be made from JSON: it is abstract"),
        ("date", "tomorrow", "Text 'tomorrow' could not be parsed"),
    ],
)
def test_an_event_of_another_shape_is_an_error(shapes: Deployed, method: str, event: object, complaint: str) -> None:
    """AWS's error; its cause says what does not fit, and where."""
    (found,) = shapes.answers(event, _HANDLER=f"Shapes::{method}")
    assert found["errorMessage"] == "An error occurred during JSON parsing"
    assert complaint in found["cause"]["errorMessage"]


NUMBERS = st.integers(-(10**30), 10**30) | st.floats(allow_nan=False, allow_infinity=False)
SCALARS = st.none() | st.booleans() | NUMBERS | st.text(st.characters())
VALUES = st.recursive(SCALARS, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=20)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(event=VALUES)
def test_what_is_read_is_written_again(echo: Bridged, event: object) -> None:
    """Any JSON, halves of surrogate pairs among it."""
    assert value(echo, event) == event


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (r'"\"\\\/\b\f\n\r\t\u00e9\uD83D\uDE00"', '"\\/\b\f\n\r\té😀'),
        (" [ 1 , 2 ] ", [1, 2]),
        ("-0", 0),
        ("-0.0", 0.0),
        ("1E+2", 100.0),
        ("9223372036854775808", 2**63),
        ("999999999", 999_999_999),
        ("2147483648", 2**31),
        ('{"a": 1, "a": 2}', {"a": 2}),
        ('""', ""),
        ("[[], {}]", [[], {}]),
    ],
)
def test_what_is_json(probe: Bridged, text: str, expected: object) -> None:
    """Escapes, white space, numbers of every size."""
    assert value(probe, text) == [expected]


def test_depth_goes_as_far_as_jackson_goes(echo: Bridged) -> None:
    """A thousand levels, read and written."""
    body = b"[" * 1000 + b"]" * 1000
    reply = echo.invoke(body=body)
    assert reply is not None
    assert reply.body == body


@pytest.mark.parametrize(
    "text",
    [
        *(
            "",
            " ",
            "nul",
            "truth",
            "+1",
            "01",
            "1.",
            ".5",
            "1e",
            "-",
            "0x1",
            "NaN",
            "'a'",
            "[1,]",
            "[,1]",
            "[1 2]",
            '{"a"}',
            '{"a":}',
            "{a: 1}",
        ),
        *(
            '{"a": 1,}',
            "[",
            "{",
            '"',
            '"\\"',
            r'"\x"',
            r'"\u12"',
            '"\u0001"',
            '"a\nb"',
            "1 2",
            "[1]]",
            "/* c */ 1",
            "[" * 1001 + "]" * 1001,
        ),
    ],
)
def test_what_is_not_json(probe: Bridged, text: str) -> None:
    """Is refused with the place."""
    assert str(value(probe, text)).startswith("not the JSON that is expected, at byte ")
