"""Mapping templates: Velocity, as API Gateway renders it.

Parsed and evaluated by airspeed, whose answers are held to recordings of AWS. What of it would reach past a template's own
values (Python's attributes, text of any length, loops without end) gives way to what AWS documents: whoever may write a
template has not the run of this process. Knows nothing of requests.
https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-mapping-template-reference.html
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from functools import lru_cache, partial
from types import MethodType
from typing import Any

from airspeed import Template, TemplateError, operators

from jlambda.api.fronts.integrations.template_values import MOST_CHARACTERS, TooLong, method_of, shown

# https://docs.aws.amazon.com/apigateway/latest/developerguide/limits.html: templates, and turns of one #foreach
_TEMPLATE_CHARACTERS, _MOST_TURNS = 300_000, 1_000
#: blocks that are evaluated for one template, in loops in loops
_MOST_BLOCKS = 50_000
#: where they are counted: no reference can name it
_COUNT = " blocks"


class BadTemplate(Exception):
    """A mapping template that cannot be rendered; the message says why."""


def render(template: str, variables: Mapping[str, Any]) -> str:
    """A template's text with its references replaced; `variables` are those of the template, by name. Raises `BadTemplate`."""
    if len(template) > _TEMPLATE_CHARACTERS:
        raise BadTemplate(f"a mapping template has {_TEMPLATE_CHARACTERS} characters at most")
    try:
        return str(_parsed(template).merge({**variables, _COUNT: 0}))
    except (TemplateError, RecursionError) as error:
        raise BadTemplate(str(error)) from None


@lru_cache(maxsize=256)
def _parsed(template: str) -> Template:
    made = Template(template)
    made.ensure_compiled()
    _guard(made.root_element, set())
    return made


def _guard(part: object, seen: set[int]) -> None:
    """Put the guarded form in place of each element of a parsed template that has one."""
    if isinstance(part, MethodType):
        part = part.__self__
    if isinstance(part, (list, tuple)):
        for each in part:
            _guard(each, seen)
    elif isinstance(part, dict):
        _guard([*part, *part.values()], seen)
    elif isinstance(part, operators._Element) and id(part) not in seen:
        seen.add(id(part))
        if isinstance(part, operators.BinaryOperator):
            part.apply_to = partial(_applied, part.apply_to)
        elif (guarded := _GUARDED.get(type(part))) is not None:
            part.__class__ = guarded
        _guard(list(vars(part).values()), seen)
        for name, value in vars(part).items():
            if isinstance(value, MethodType):  # taken of an element before that was guarded
                setattr(part, name, getattr(value.__self__, value.__name__))


def _applied(apply: Callable[[Any, Any], Any], one: Any, other: Any) -> Any:
    """What two values come to: where one of them is text, a plus joins them, and there is no product."""
    if isinstance(one, str) or isinstance(other, str):
        if apply is operator.add:
            return _limited(shown(one) + shown(other))
        if apply is operator.mul or apply is operator.mod:
            raise TypeError("text has no products")
    return apply(one, other)


def _limited(value: Any) -> Any:
    if isinstance(value, str) and len(value) > MOST_CHARACTERS:
        raise TooLong
    return value


class _Name(operators.NameOrCall):  # type: ignore[misc]  # airspeed has no types
    """A name after a dollar or a dot: a member of a map, or a method that Java's values have; nothing of Python's."""

    def calculate(self, current_object: Any, loader: Any, top_namespace: Any) -> Any:
        found: Any = method_of(current_object, self.name) if self.parameters is not None else None
        if found is None and isinstance(current_object, Mapping):
            try:
                found = current_object[self.name]
            except KeyError:
                return None
        if isinstance(found, operators._FunctionDefinition):
            return super().calculate(current_object, loader, top_namespace)
        if self.parameters is not None:
            return _limited(found(*self.parameters.calculate(top_namespace, loader))) if callable(found) else None
        if self.index is not None:
            try:
                return found[self.index.calculate(top_namespace, loader)]
            except (LookupError, TypeError):
                return None
        return None if callable(found) else found


class _Range(operators.Range):  # type: ignore[misc]
    def calculate(self, namespace: Any, loader: Any) -> Any:
        first, last = self.value1.calculate(namespace, loader), self.value2.calculate(namespace, loader)
        if abs(last - first) >= _MOST_TURNS:
            raise ValueError(f"a range has {_MOST_TURNS} numbers at most")
        return list(super().calculate(namespace, loader))


class _Loop(operators.ForeachDirective):  # type: ignore[misc]
    def evaluate_raw(self, stream: Any, namespace: Any, loader: Any) -> None:
        given = self.value.calculate(namespace, loader)
        if isinstance(given, (Mapping, list)) and len(given) > _MOST_TURNS:
            raise ValueError(f"#foreach has {_MOST_TURNS} turns at most")
        super().evaluate_raw(stream, namespace, loader)


class _Block(operators.Block):  # type: ignore[misc]
    def evaluate_raw(self, stream: Any, namespace: Any, loader: Any) -> None:
        top = namespace.top()
        top[_COUNT] += 1
        if top[_COUNT] > _MOST_BLOCKS:
            raise ValueError("the template does not come to its end")
        super().evaluate_raw(stream, namespace, loader)


class _Reference(operators.FormalReference):  # type: ignore[misc]
    """A reference in text: values are shown as Java shows them."""

    def evaluate_raw(self, stream: Any, namespace: Any, loader: Any) -> None:
        value = None if self.expression is None else self.expression.calculate(namespace, loader)
        if value is None:
            super().evaluate_raw(stream, namespace, loader)
            return
        stream.write(shown(value))
        if stream.tell() > MOST_CHARACTERS:
            raise TooLong


class _NotHere(operators.EvaluateDirective):  # type: ignore[misc]
    def evaluate_raw(self, *_: Any) -> None:
        raise ValueError("#evaluate and #return are none of API Gateway's directives")


_GUARDED: dict[type, type] = {
    operators.NameOrCall: _Name,
    operators.Range: _Range,
    operators.ForeachDirective: _Loop,
    operators.Block: _Block,
    operators.FormalReference: _Reference,
    operators.EvaluateDirective: _NotHere,
    operators.ReturnDirective: _NotHere,
}
