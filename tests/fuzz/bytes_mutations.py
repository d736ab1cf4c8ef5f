"""What can happen to bytes and to a request on its way, without knowing what they mean."""

from __future__ import annotations

import base64
import json
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from approval_gate.web import WebRequest

__all__ = ["STRANGE_BYTES", "STRANGE_TEXTS", "mutated_bytes", "mutated_request"]

STRANGE_BYTES = (
    b"\x00",
    b"\xff\xfe",
    b"\xef\xbb\xbf",
    b"\xed\xa0\x80",
    b"\\ud800",
    b'\\u0000"',
    b'"',
    b"}",
    b"]]>",
    b"<!--",
    b"<![CDATA[",
    b'<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa">]>',
    b"&a;&#0;&#xD800;",
    b"<?x?>",
    b"NaN",
    b"-Infinity",
    b"1e999",
    b"-1",
    b"9" * 400,
    b"9" * 5000,
    b"[" * 3000,
    b'{"a":' * 1500,
    b"<a>" * 100,
    b',"encrypt":"AAAA"',
    b"=",
    b"+/",
    b"\r\n",
    "\u202e\u2028\u0661\uff11\U0001f44d".encode(),
)
STRANGE_TEXTS = (
    *("", " ", "0", "-1", "1e9", "9" * 20, "9" * 400, "0x10", "1.5", "NaN", "null", "true", "[]", "{}", "%00", "=" * 9),
    *("\ud800", "\x00", "\u202e", "\u0661\u0662\u0663", "\uff11" * 10, "é" * 64, "审批", "\U0001f44d", "a" * 10_000),
)

_ENCODINGS = ("utf-16", "utf-16-be", "utf-32", "utf-8-sig", "utf-7")


def mutated_bytes(rng: random.Random, raw: bytes, others: Sequence[bytes]) -> bytes:
    """
    Return something near `raw`: one change mostly, up to four.

    Args:
        others: true bytes of the same kind, to splice with.
    """
    for _ in range(rng.choice((1, 1, 1, 2, 4))):
        raw = rng.choice(_BYTES)(rng, raw, others)
    return raw


def mutated_request(rng: random.Random, request: WebRequest, others: Sequence[WebRequest]) -> WebRequest:
    """Return something near `request`; most changes are to the body."""
    for _ in range(rng.choice((1, 1, 2, 3))):
        change = rng.randrange(8)
        if change < 4:
            body = mutated_bytes(rng, request.body, [other.body for other in others])
            request = replace(request, body=body)
        elif change == 4:
            request = replace(request, headers=_mutated_names(rng, request.headers, [each.headers for each in others]))
        elif change == 5:
            request = replace(request, query=_mutated_names(rng, request.query, [each.query for each in others]))
        elif change == 6:
            request = _spliced(rng, request, rng.choice(others))
        else:
            request = replace(request, method=rng.choice(("GET", "POST", "POST", "PUT", "HEAD", "", "post")))
    return request


# -- bytes


def _at(rng: random.Random, raw: bytes) -> int:
    return rng.randrange(len(raw) + 1)


def _flip(rng: random.Random, raw: bytes, others: Sequence[bytes]) -> bytes:
    if not raw:
        return raw
    at = rng.randrange(len(raw))
    return raw[:at] + bytes([raw[at] ^ 1 << rng.randrange(8)]) + raw[at + 1 :]


def _put(rng: random.Random, raw: bytes, others: Sequence[bytes]) -> bytes:
    at = _at(rng, raw)
    return raw[:at] + rng.randbytes(rng.randrange(1, 5)) + raw[at + rng.randrange(3) :]


def _put_strange(rng: random.Random, raw: bytes, others: Sequence[bytes]) -> bytes:
    at = _at(rng, raw)
    return raw[:at] + rng.choice(STRANGE_BYTES) + raw[at + rng.choice((0, 0, 1, 8)) :]


def _truncate(rng: random.Random, raw: bytes, others: Sequence[bytes]) -> bytes:
    at = _at(rng, raw)
    return raw[:at] if rng.randrange(2) else raw[at:]


def _cut(rng: random.Random, raw: bytes, others: Sequence[bytes]) -> bytes:
    at = _at(rng, raw)
    return raw[:at] + raw[at + rng.randrange(1, 40) :]


def _repeat(rng: random.Random, raw: bytes, others: Sequence[bytes]) -> bytes:
    at, size = _at(rng, raw), rng.randrange(1, 80)
    return raw[: at + size] * rng.randrange(1, 3) + raw[at:]


def _splice(rng: random.Random, raw: bytes, others: Sequence[bytes]) -> bytes:
    other = rng.choice(others)
    return raw[: _at(rng, raw)] + other[_at(rng, other) :]


def _swap(rng: random.Random, raw: bytes, others: Sequence[bytes]) -> bytes:
    # Blocks of 16 and 32 are what ciphers chain and what base64 makes of 12 and 24.
    size = rng.choice((1, 4, 12, 16, 32))
    one, two = sorted((_at(rng, raw), _at(rng, raw)))
    return raw[:one] + raw[two : two + size] + raw[one + size : two] + raw[one : one + size] + raw[two + size :]


def _reencode(rng: random.Random, raw: bytes, others: Sequence[bytes]) -> bytes:
    match rng.randrange(4):
        case 0:
            return raw.decode("utf-8", "replace").encode(rng.choice(_ENCODINGS), "replace")
        case 1:
            return base64.b64encode(raw)
        case 2:
            return json.dumps(raw.decode("utf-8", "replace")).encode()
    try:
        return json.dumps(json.loads(raw), indent=rng.choice((None, 1)), sort_keys=True).encode()
    except (ValueError, RecursionError):
        return raw


_BYTES: tuple[Callable[[random.Random, bytes, Sequence[bytes]], bytes], ...] = (
    *(_flip, _flip, _flip, _put, _put_strange, _put_strange),
    *(_truncate, _cut, _repeat, _splice, _swap, _reencode),
)


# -- requests


def _mutated_names(rng: random.Random, named: Mapping[str, str], others: Sequence[Mapping[str, str]]) -> dict[str, str]:
    values = dict(named)
    if not values:
        return dict(rng.choice(others))
    name = rng.choice(sorted(values))
    match rng.randrange(7):
        case 0:
            del values[name]
        case 1:
            values[name] = rng.choice(STRANGE_TEXTS)
        case 2:
            other = rng.choice(sorted(values))
            values[name], values[other] = values[other], values[name]
        case 3:
            values[name] = mutated_bytes(rng, values[name].encode("utf-8", "replace"), [b"0"]).decode("latin-1")
        case 4:
            values[name.upper()] = values.pop(name)
        case 5:
            # What is signed is joined without separators: move the border between two values.
            other, size = rng.choice(sorted(values)), rng.randrange(1, 4)
            values[name], values[other] = values[name] + values[other][:size], values[other][size:]
        case _:
            values |= dict(rng.choice(others))
    return values


def _spliced(rng: random.Random, request: WebRequest, other: WebRequest) -> WebRequest:
    match rng.randrange(4):
        case 0:
            return replace(request, body=other.body)
        case 1:
            return replace(request, headers=other.headers)
        case 2:
            return replace(request, query=other.query)
    return replace(request, method=other.method)
