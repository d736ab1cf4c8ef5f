"""What can stand inside a document that is proven: the platform's own, or one of somebody who has the keys."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Iterator
from typing import Any

from tests.fuzz.bytes_mutations import STRANGE_BYTES, STRANGE_TEXTS

__all__ = ["folded", "mutated_json", "mutated_xml"]

type _Path = tuple[str | int, ...]

_NUMBERS = (0, -1, 1, 10**11, 10**14, 10**17, 2**31, 2**63, 2**64, 10**400, 1e308, -0.5, 1767225600.5)
_LEAF = re.compile(rb"<(\w+)>((?:<!\[CDATA\[)?[^<>\]]*(?:\]\]>)?)</\1>")


def mutated_json(rng: random.Random, raw: bytes, planted: str, refs: frozenset[str]) -> bytes:
    """
    Return a JSON object near `raw`.

    Args:
        planted: an id of another approval, put where no id belongs.
        refs: folded names under which ids belong, and names of objects that hold those.
    """
    value = json.loads(raw)
    for _ in range(rng.choice((1, 1, 2, 3))):
        path = rng.choice(list(_paths(value)))
        if path:
            _change(rng, value, path, planted, refs)
    text = json.dumps(value, ensure_ascii=rng.randrange(2) == 0)
    if rng.randrange(12) == 0:
        text = text.replace(":", f":{rng.choice((1, 2, 60)) * '['}", 1)
    if rng.randrange(12) == 0:
        text = text[:-1] + f', "{rng.choice(sorted(value) or ["a"])}": "{planted}"}}'
    return text.encode("utf-8", "surrogatepass")


def mutated_xml(rng: random.Random, raw: bytes, planted: str, refs: frozenset[str]) -> bytes:
    """Return XML near `raw`; arguments as in `mutated_json`."""
    for _ in range(rng.choice((1, 1, 2, 3))):
        leaves = list(_LEAF.finditer(raw))
        if not leaves:
            return raw
        leaf = rng.choice(leaves)
        new = _changed_leaf(rng, leaf, planted.encode(), refs)
        raw = raw[: leaf.start()] + new + raw[leaf.end() :]
    return raw


def folded(name: str) -> str:
    """Return a name without case and underscores."""
    return name.replace("_", "").lower()


# -- JSON


def _paths(value: Any, here: _Path = ()) -> Iterator[_Path]:
    yield here
    if isinstance(value, dict):
        for name, each in value.items():
            yield from _paths(each, (*here, name))
    elif isinstance(value, list):
        for number, each in enumerate(value):
            yield from _paths(each, (*here, number))


def _change(rng: random.Random, value: Any, path: _Path, planted: str, refs: frozenset[str]) -> None:
    *parents, last = path
    for step in parents:
        value = value[step]
    is_ref = any(isinstance(step, str) and folded(step) in refs for step in path[-1:])
    match rng.randrange(8):
        case 0:
            del value[last]
        case 1:
            value[last] = rng.choice(_NUMBERS)
        case 2:
            value[last] = rng.choice(STRANGE_TEXTS)
        case 3:
            value[last] = rng.choice((None, True, False, [], {}, [[]], {"": {}}))
        case 4:
            value[last] = _nested(rng, value[last])
        case 5 if isinstance(value, dict):
            value[rng.choice((str(last).upper(), f"{last} ", f"_{last}", "", "\ud800"))] = value.pop(last)
        case 6 if not is_ref:
            value[last] = rng.choice((planted, [planted], {"a": planted}))
        case _ if not is_ref and not isinstance(value[last], dict | list):
            value[last] = dict.fromkeys(("instance_code", "processInstanceId", "SpNoStr", "SpNo"), planted)


def _nested(rng: random.Random, value: Any) -> Any:
    for _ in range(rng.choice((1, 2, 40))):
        value = [value] if rng.randrange(2) else {"a": value}
    return value


# -- XML


_LEAVES = (
    b"",
    b"<%(name)b>%(text)b</%(name)b>" * 2,
    b"<%(name)b>%(text)b</%(name)b>" * 200,
    b"<%(swapped)b>%(text)b</%(swapped)b>",
    b'<%(name)b ref="%(planted)b">%(text)b</%(name)b>',
    b"<!--%(planted)b--><%(name)b>%(text)b</%(name)b>",
    b"<?a %(planted)b?><%(name)b>%(text)b</%(name)b>",
    b"<a:b>%(planted)b</a:b><%(name)b>%(text)b</%(name)b>",
    b"<%(name)b>" * 5 + b"%(text)b" + b"</%(name)b>" * 5,
    b"<%(name)b>" * 40 + b"%(text)b" + b"</%(name)b>" * 40,
    b"<%(name)b>%(number)d</%(name)b>",
    b"<%(name)b>%(strange)b</%(name)b>",
    b"<%(name)b><![CDATA[%(strange_text)b]]></%(name)b>",
)
_PLANTING_LEAVES = (
    b"<%(name)b>%(planted)b</%(name)b>",
    b"<%(name)b><SpNoStr>%(planted)b</SpNoStr><SpNo>%(planted)b</SpNo></%(name)b>",
)


def _changed_leaf(rng: random.Random, leaf: re.Match[bytes], planted: bytes, refs: frozenset[str]) -> bytes:
    name, text = leaf.groups()
    may_plant = folded(name.decode()) not in refs
    return rng.choice(_LEAVES + _PLANTING_LEAVES if may_plant else _LEAVES) % {
        b"name": name,
        b"swapped": name.swapcase(),
        b"text": text,
        b"planted": planted,
        b"number": rng.choice((0, -1, 1, 2**31, 2**63, 10**30)),
        b"strange": rng.choice(STRANGE_BYTES),
        b"strange_text": rng.choice(STRANGE_TEXTS).encode("utf-8", "surrogatepass"),
    }
