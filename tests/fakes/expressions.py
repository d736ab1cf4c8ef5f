"""
The expressions of DynamoDB, parsed, as far as the project's store writes them; anything else is refused loudly.

Grammar (keywords in any case):

    condition := conjunction {OR conjunction}
    conjunction := negation {AND negation}
    negation := NOT negation | ( condition ) | function | comparison
    comparison := operand comparator operand | operand BETWEEN operand AND operand
    function := attribute_exists(path) | attribute_not_exists(path) | begins_with(path, operand)
    comparator := = < <= > >=
    operand := path | :value
    update := {SET path = sum {, path = sum} | REMOVE path {, path} | ADD path :value {, path :value}}
    sum := term [(+|-) term]          term := operand | if_not_exists(path, operand)
    path := name | #name

Source: Amazon DynamoDB Developer Guide, "Expressions in DynamoDB", read 2026-02-28.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

__all__ = ["Condition", "Unsupported", "Update", "parse_condition", "parse_update"]

type Item = Mapping[str, Mapping[str, Any]]
type Bindings = tuple[Mapping[str, str], Mapping[str, Mapping[str, Any]]]
"""ExpressionAttributeNames and ExpressionAttributeValues."""

type Operand = Callable[[Item, Bindings], Mapping[str, Any] | None]
type Test = Callable[[Item, Bindings], bool]
type Assignment = Callable[[Item, dict[str, Any], Bindings], None]

_TOKEN = re.compile(r"\s*(?:(?P<word>[#:]?[A-Za-z_][A-Za-z0-9_]*)|(?P<sign><=|>=|<>|[=<>(),+\-]))")
_COMPARATORS: dict[str, Callable[[Any, Any], bool]] = {
    "=": lambda one, other: one == other,
    "<": lambda one, other: one < other,
    "<=": lambda one, other: one <= other,
    ">": lambda one, other: one > other,
    ">=": lambda one, other: one >= other,
}


class Unsupported(Exception):
    """The store wrote an expression that this fake does not know: extend the grammar, and hold it to moto."""


@dataclass(frozen=True, slots=True)
class Condition:
    """A parsed condition and the placeholders it uses."""

    holds: Test
    placeholders: frozenset[str]


@dataclass(frozen=True, slots=True)
class Update:
    """A parsed update and the placeholders it uses."""

    apply: Callable[[Item, Bindings], dict[str, Any]]
    placeholders: frozenset[str]


@lru_cache(maxsize=1000)
def parse_condition(text: str) -> Condition:
    """Parse a ConditionExpression, KeyConditionExpression or FilterExpression."""
    parser = _Parser(text)
    test = parser.condition()
    parser.end()
    return Condition(test, frozenset(parser.placeholders))


@lru_cache(maxsize=1000)
def parse_update(text: str) -> Update:
    """Parse an UpdateExpression."""
    parser = _Parser(text)
    assignments = parser.update()
    parser.end()

    def apply(before: Item, bindings: Bindings) -> dict[str, Any]:
        after = dict(before)
        for assign in assignments:
            assign(before, after, bindings)
        return after

    return Update(apply, frozenset(parser.placeholders))


class _Parser:
    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens = self._tokenized(text)
        self._at = 0
        self.placeholders: set[str] = set()

    def _tokenized(self, text: str) -> list[str]:
        tokens, at = [], 0
        while text[at:].strip():
            match = _TOKEN.match(text, at)
            if match is None:
                raise Unsupported(f"at {text[at:]!r} in {text!r}")
            tokens.append(match.group("word") or match.group("sign"))
            at = match.end()
        return tokens

    # -- reading tokens

    def _next(self) -> str:
        return self._tokens[self._at] if self._at < len(self._tokens) else ""

    def _take(self, *wanted: str) -> str:
        """Take the next token if it is one of these words or signs; "" otherwise."""
        if self._next().upper() in wanted:
            self._at += 1
            return self._tokens[self._at - 1].upper()
        return ""

    def _expect(self, sign: str) -> None:
        if not self._take(sign):
            raise Unsupported(f"expected {sign} before {self._next()!r} in {self._text!r}")

    def end(self) -> None:
        if self._at != len(self._tokens):
            raise Unsupported(f"unexpected {self._next()!r} in {self._text!r}")

    # -- conditions

    def condition(self) -> Test:
        tests = [self._conjunction()]
        while self._take("OR"):
            tests.append(self._conjunction())
        if len(tests) == 1:
            return tests[0]
        return lambda item, bindings: any(test(item, bindings) for test in tests)

    def _conjunction(self) -> Test:
        tests = [self._negation()]
        while self._take("AND"):
            tests.append(self._negation())
        if len(tests) == 1:
            return tests[0]
        return lambda item, bindings: all(test(item, bindings) for test in tests)

    def _negation(self) -> Test:
        if self._take("NOT"):
            test = self._negation()
            return lambda item, bindings: not test(item, bindings)
        if self._take("("):
            test = self.condition()
            self._expect(")")
            return test
        if function := self._take("ATTRIBUTE_EXISTS", "ATTRIBUTE_NOT_EXISTS", "BEGINS_WITH"):
            return self._function(function)
        return self._comparison()

    def _function(self, function: str) -> Test:
        self._expect("(")
        path = self._path()
        if function == "BEGINS_WITH":
            self._expect(",")
            prefix = self._operand()
            self._expect(")")
            return lambda item, bindings: _begins_with(path(item, bindings), prefix(item, bindings))
        self._expect(")")
        wanted = function == "ATTRIBUTE_EXISTS"
        return lambda item, bindings: (path(item, bindings) is not None) is wanted

    def _comparison(self) -> Test:
        left = self._operand()
        if self._take("BETWEEN"):
            low = self._operand()
            self._expect("AND")
            high = self._operand()
            least, most = _COMPARATORS[">="], _COMPARATORS["<="]
            return lambda item, bindings: (
                _compared(least, left(item, bindings), low(item, bindings))
                and _compared(most, left(item, bindings), high(item, bindings))
            )
        sign = self._take(*_COMPARATORS)
        if not sign:
            raise Unsupported(f"comparator {self._next()!r} in {self._text!r}")
        right = self._operand()
        compare = _COMPARATORS[sign]
        return lambda item, bindings: _compared(compare, left(item, bindings), right(item, bindings))

    # -- updates

    def update(self) -> list[Assignment]:
        assignments: list[Assignment] = []
        while clause := self._take("SET", "REMOVE", "ADD"):
            read = {"SET": self._set, "REMOVE": self._remove, "ADD": self._add}[clause]
            assignments.append(read())
            while self._take(","):
                assignments.append(read())
        return assignments

    def _set(self) -> Assignment:
        name = self._name()
        self._expect("=")
        first = self._term()
        sign = self._take("+", "-")
        second = self._term() if sign else None

        def assign(before: Item, after: dict[str, Any], bindings: Bindings) -> None:
            value = first(before, bindings)
            if second is not None:
                value = _sum(value, second(before, bindings), -1 if sign == "-" else 1)
            if value is None:
                raise Unsupported(f"SET to an attribute that is not there: {self._text!r}")
            after[_resolved(name, bindings)] = value

        return assign

    def _remove(self) -> Assignment:
        name = self._name()

        def assign(before: Item, after: dict[str, Any], bindings: Bindings) -> None:
            after.pop(_resolved(name, bindings), None)

        return assign

    def _add(self) -> Assignment:
        name = self._name()
        operand = self._operand()

        def assign(before: Item, after: dict[str, Any], bindings: Bindings) -> None:
            real = _resolved(name, bindings)
            after[real] = _sum(before.get(real, {"N": "0"}), operand(before, bindings), 1)

        return assign

    def _term(self) -> Operand:
        if not self._take("IF_NOT_EXISTS"):
            return self._operand()
        self._expect("(")
        path = self._path()
        self._expect(",")
        otherwise = self._operand()
        self._expect(")")

        def term(item: Item, bindings: Bindings) -> Mapping[str, Any] | None:
            there = path(item, bindings)
            return otherwise(item, bindings) if there is None else there

        return term

    # -- operands

    def _operand(self) -> Operand:
        word = self._next()
        if not word.startswith(":"):
            return self._path()
        self._at += 1
        self.placeholders.add(word)
        return lambda _, bindings: bindings[1][word]

    def _path(self) -> Operand:
        name = self._name()
        if name.startswith("#"):
            return lambda item, bindings: item.get(bindings[0][name])
        return lambda item, _: item.get(name)

    def _name(self) -> str:
        word = self._next()
        if not word or not (word[0] == "#" or word[0] == "_" or word[0].isalpha()):
            raise Unsupported(f"attribute name {word!r} in {self._text!r}")
        self._at += 1
        if word.startswith("#"):
            self.placeholders.add(word)
        if self._next() == "(":
            raise Unsupported(f"function {word!r} in {self._text!r}")
        return word


def _resolved(name: str, bindings: Bindings) -> str:
    return bindings[0][name] if name.startswith("#") else name


def _compared(
    compare: Callable[[Any, Any], bool], one: Mapping[str, Any] | None, other: Mapping[str, Any] | None
) -> bool:
    """Compare typed values; one that is missing or of another type compares with nothing."""
    if one is None or other is None:
        return False
    ((kind, left),) = one.items()
    ((other_kind, right),) = other.items()
    if kind != other_kind:
        return False
    if kind == "N":
        return compare(_number(left), _number(right))
    if kind not in {"S", "BOOL"}:
        raise Unsupported(f"comparison of type {kind}")
    return compare(left, right)


def _begins_with(value: Mapping[str, Any] | None, prefix: Mapping[str, Any] | None) -> bool:
    if value is None or prefix is None or "S" not in value:
        return False
    return str(value["S"]).startswith(str(prefix["S"]))


def _sum(one: Mapping[str, Any] | None, other: Mapping[str, Any] | None, sign: int) -> dict[str, str]:
    if one is None or other is None or "N" not in one or "N" not in other:
        raise Unsupported("sum of what are not numbers")
    return {"N": str(_number(one["N"]) + sign * _number(other["N"]))}


def _number(text: str) -> int:
    return int(text)
