"""An organisation made up by numbers, the same for the same numbers: for trying what many people do to a client."""

import random
from collections.abc import Mapping
from typing import Any

from local.simulators.frame.web import SimError

__all__ = ["crowd"]

_SURNAMES = "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕"
_GIVEN = "伟芳娜敏静丽强磊军洋勇艳杰娟涛明超秀霞平刚桂英华玉萍红玲芬燕彬凤洁梅琳雪慧莹佳嘉宇轩浩然子涵一诺欣怡梓晨"
_MOST = 200_000
_BRANCHES = 8


def crowd(wanted: Mapping[str, Any]) -> dict[str, list[dict[str, Any]]]:
    """
    Return departments and people as `POST /_sim/people` takes them.

    Args:
        wanted: `people` and `departments`, how many of each; `resigned`, how many of the first people have left;
            `prefix` of their ids, `c` unless given. One person in ten is in two departments.

    Raises:
        SimError: a number is out of range.
    """
    people, departments, resigned = (_count(wanted, name) for name in ("people", "departments", "resigned"))
    prefix = str(wanted.get("prefix", "c"))
    chance = random.Random(f"{prefix} {people} {departments}")
    return {
        "departments": [_department(prefix, number) for number in range(departments)],
        "people": [
            _person(prefix, number, departments, chance, has_left=number < resigned) for number in range(people)
        ],
    }


def _count(wanted: Mapping[str, Any], name: str) -> int:
    number = wanted.get(name, 0)
    if type(number) is not int or not 0 <= number <= _MOST:
        raise SimError(f"generate: {name} must be a number from 0 to {_MOST}")
    return number


def _department(prefix: str, number: int) -> dict[str, Any]:
    """Return one department of a tree in which each has up to eight below it."""
    parent = f"{prefix}-d{(number - 1) // _BRANCHES}" if number else "0"
    return {"id": f"{prefix}-d{number}", "name": f"部门{number} Department {number}", "parent": parent}


def _person(prefix: str, number: int, departments: int, chance: random.Random, *, has_left: bool) -> dict[str, Any]:
    name = chance.choice(_SURNAMES) + "".join(chance.choices(_GIVEN, k=chance.choice((1, 2, 2))))
    home = number % departments if departments else None
    listed = [] if home is None else [f"{prefix}-d{home}"]
    if home is not None and number % 10 == 0 and departments > 1:
        listed.append(f"{prefix}-d{(home + 1) % departments}")
    return {
        "user_id": f"{prefix}{number:06d}",
        "name": name,
        "email": f"{prefix}{number:06d}@example.com",
        "mobile": f"+86139{number:08d}",
        "job_number": f"{prefix.upper()}-{number}",
        "title": "工程师 Engineer",
        "departments": listed,
        "resigned": has_left,
    }
