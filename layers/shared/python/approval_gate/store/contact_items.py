"""Contacts as items: each kind's document, and lists packed into items that DynamoDB takes."""

from __future__ import annotations

import json
import zlib
from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from typing import Any

from pydantic import TypeAdapter

from approval_gate.domain.contact_search import SearchLine
from approval_gate.domain.contacts import Chat, Contact, Department, Group
from approval_gate.domain.sync import Reading, Report

__all__ = [
    "chat_adapter",
    "contact_adapter",
    "department_adapter",
    "document",
    "group_adapter",
    "lines_of",
    "pack",
    "pack_lines",
    "parts_of",
    "readings_adapter",
    "report_adapter",
    "unpack",
]

_LARGEST_PACK = 350_000
_PEOPLE_PER_PART = 1000


@cache
def contact_adapter() -> TypeAdapter[Contact]:
    """Return what reads and writes people."""
    return TypeAdapter(Contact)


@cache
def department_adapter() -> TypeAdapter[Department]:
    """Return what reads and writes departments."""
    return TypeAdapter(Department)


@cache
def group_adapter() -> TypeAdapter[Group]:
    """Return what reads and writes groups."""
    return TypeAdapter(Group)


@cache
def chat_adapter() -> TypeAdapter[Chat]:
    """Return what reads and writes chats."""
    return TypeAdapter(Chat)


@cache
def report_adapter() -> TypeAdapter[Report]:
    """Return what reads and writes reports."""
    return TypeAdapter(Report)


@cache
def readings_adapter() -> TypeAdapter[list[Reading]]:
    """Return what reads and writes readings."""
    return TypeAdapter(list[Reading])


def document[T](adapter: TypeAdapter[T], value: T) -> str:
    """Return a value as the JSON text that is stored and compared: equal values, equal texts."""
    return adapter.dump_json(value, exclude_defaults=True).decode()


def parts_of(reading: Reading) -> list[Reading]:
    """Split a reading of many people, so that each part fits into an item; only the last completes the unit."""
    people = reading.people
    starts = range(0, max(len(people), 1), _PEOPLE_PER_PART)
    parts = [replace(reading, people=people[start : start + _PEOPLE_PER_PART], is_last=False) for start in starts]
    return [*parts[:-1], replace(parts[-1], is_last=reading.is_last)]


def pack(values: Sequence[Any]) -> list[bytes]:
    """Return JSON values, compressed into as few items as take them. A single value is never split."""
    packed = zlib.compress(json.dumps(values, ensure_ascii=False, separators=(",", ":")).encode(), 6)
    if len(packed) <= _LARGEST_PACK or len(values) <= 1:
        return [packed]
    middle = len(values) // 2
    return pack(values[:middle]) + pack(values[middle:])


def unpack(packed: bytes) -> list[Any]:
    """Return the values of one item."""
    values: list[Any] = json.loads(zlib.decompress(packed))
    return values


def pack_lines(lines: Sequence[SearchLine]) -> list[bytes]:
    """Return the index of people, compressed."""
    return pack([[e.id, e.name, e.email, e.title, e.departments, e.words] for e in lines])


def lines_of(values: Sequence[Any]) -> list[SearchLine]:
    """Return what `pack_lines` packed."""
    return [
        SearchLine(identity, name, email, title, tuple(departments), tuple(words))
        for identity, name, email, title, departments, words in values
    ]
