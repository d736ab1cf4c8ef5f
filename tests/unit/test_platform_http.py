"""Answers of platforms, and of whoever plays one."""

from __future__ import annotations

import gzip
import itertools

import httpcore
import httpx
import pytest

from approval_gate.platform_http import ANSWER_MAX_BYTES, TOTAL_S, platform_http

URL = "https://platform.example.com/x"
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"


def answered_by(*pieces: bytes, pause_s: float = 0.0) -> httpx.Client:
    """Return a client to whom these pieces come, one with every read, and each wait of its takes a while."""
    clock = itertools.count()
    return platform_http(sockets=httpcore.MockBackend(list(pieces)), monotonic=lambda: next(clock) * pause_s)


def test_an_answer_comes_as_it_was_sent() -> None:
    body = b'{"code":0}'

    answer = answered_by(HEAD + b"Content-Length: 10\r\n\r\n", body).get(URL)

    assert (answer.status_code, answer.content, answer.headers["content-type"]) == (200, body, "application/json")


@pytest.mark.parametrize("transfer", ["length", "chunks", "until it closes"])
def test_a_packed_answer_is_unpacked(transfer: str) -> None:
    body = gzip.compress(b'{"code":0}')
    head, sent = {
        "length": (f"Content-Length: {len(body)}\r\n\r\n", body),
        "chunks": ("Transfer-Encoding: chunked\r\n\r\n", b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body)),
        "until it closes": ("\r\n", body),
    }[transfer]

    answer = answered_by(HEAD + b"Content-Encoding: gzip\r\n" + head.encode(), sent).get(URL)

    assert answer.json() == {"code": 0}


def test_headers_that_come_byte_by_byte_end_in_a_timeout() -> None:
    drops = [bytes([each]) for each in HEAD + b"X-Pad: " + b"x" * 1000]

    with pytest.raises(httpx.ReadTimeout):
        answered_by(*drops, pause_s=1).get(URL)


def test_a_body_that_comes_byte_by_byte_ends_in_a_timeout() -> None:
    with pytest.raises(httpx.ReadTimeout):
        answered_by(HEAD + b"Content-Length: 1000\r\n\r\n", *[b"x"] * 1000, pause_s=1).get(URL)


def test_every_exchange_has_its_own_time() -> None:
    whole = HEAD + b"Content-Length: 2\r\n\r\n{}"
    clock = itertools.count()
    client = platform_http(sockets=httpcore.MockBackend([whole] * 10), monotonic=lambda: next(clock) * TOTAL_S / 8)

    assert [client.get(URL).status_code for _ in range(10)] == [200] * 10


def test_a_body_without_end_is_not_read_to_the_end() -> None:
    piece = b"x" * 65_536
    pieces = [HEAD + b"\r\n", *[piece] * (2 * ANSWER_MAX_BYTES // len(piece))]

    with pytest.raises(httpx.ReadError, match="bytes"):
        answered_by(*pieces).get(URL)


def test_a_small_body_that_unfolds_without_end_is_not_unfolded_to_the_end() -> None:
    bomb = gzip.compress(b"\0" * (2 * ANSWER_MAX_BYTES))
    assert len(bomb) < ANSWER_MAX_BYTES / 100
    head = HEAD + b"Content-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(bomb)
    pieces = [bomb[start : start + 4096] for start in range(0, len(bomb), 4096)]

    with pytest.raises(httpx.ReadError, match="bytes"):
        answered_by(head, *pieces).get(URL)


def test_an_answer_that_names_another_place_is_not_followed() -> None:
    moved = b"HTTP/1.1 302 Found\r\nLocation: http://169.254.169.254/\r\nContent-Length: 0\r\n\r\n"

    assert answered_by(moved).get(URL).status_code == 302
