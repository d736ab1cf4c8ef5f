"""What every provider's sender must do when a platform does not answer as it should: say so, and tell no secret."""

from __future__ import annotations

import json
import logging
import traceback
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from approval_gate.domain.truth import TruthStatus
from approval_gate.errors import ProviderError, ProviderThrottled, ProviderUnavailable
from approval_gate.observability import function_logger
from approval_gate.providers import registry
from tests.fakes.no_answers import EXPECTED, NO_ANSWERS, raised_for_each
from tests.fakes.platform_site import PlatformSite

DECIDED = {TruthStatus.APPROVED, TruthStatus.REJECTED, TruthStatus.CANCELED, TruthStatus.DELETED, TruthStatus.REVOKED}


# -- access tokens


def test_an_expired_access_token_is_renewed_exactly_once(site: PlatformSite) -> None:
    opened = site.sender().open_approval(site.draft(), may_exist=False)
    site.control("POST", "clock", {"advance_s": 3 * 3600})
    fetched, read = site.calls(site.kit.fetch_token), site.calls(site.kit.read)

    truth = site.sender().read_truth(opened.ref)

    assert truth.status is TruthStatus.PENDING
    assert site.calls(site.kit.fetch_token) == fetched + 1
    assert site.calls(site.kit.read) == read + 2


def test_the_new_access_token_serves_all_later_calls(site: PlatformSite) -> None:
    opened = site.sender().open_approval(site.draft(), may_exist=False)
    site.control("POST", "clock", {"advance_s": 3 * 3600})
    site.sender().read_truth(opened.ref)
    fetched = site.calls(site.kit.fetch_token)

    site.sender().read_truth(opened.ref)

    assert site.calls(site.kit.fetch_token) == fetched


def test_without_an_access_token_nothing_is_certain(site: PlatformSite) -> None:
    def look_up_with(answer: httpx.Response | Exception) -> None:
        site.fail(site.kit.fetch_token, answer)
        site.sender().find_people([site.ref("lead")])

    assert raised_for_each(look_up_with) == EXPECTED


# -- a platform that does not answer as it should


def test_a_read_without_an_answer_is_no_outcome(site: PlatformSite) -> None:
    opened = site.sender().open_approval(site.draft(), may_exist=False)
    site.approve_all(opened.ref)

    def read_with(answer: httpx.Response | Exception) -> None:
        site.fail(site.kit.read, answer)
        site.sender().read_truth(opened.ref)

    assert raised_for_each(read_with) == EXPECTED
    assert site.sender().read_truth(opened.ref).status is TruthStatus.APPROVED


@pytest.mark.parametrize("answer", [{}, {"code": 0}, {"errcode": 0}, {"success": True, "result": {}}], ids=str)
def test_an_answer_that_says_nothing_is_no_outcome(site: PlatformSite, answer: dict[str, Any]) -> None:
    opened = site.sender().open_approval(site.draft(), may_exist=False)
    site.fail(site.kit.read, httpx.Response(200, json=answer))

    try:
        truth = site.sender().read_truth(opened.ref)
    except ProviderError:
        return
    assert truth.status not in DECIDED


def test_an_answer_about_another_approval_is_no_outcome(site: PlatformSite) -> None:
    opened, other = (site.sender().open_approval(site.draft(), may_exist=False) for _ in range(2))
    site.approve_all(other.ref)
    site.sender().read_truth(other.ref)
    answer = site.wire.exchanges[-1].answer
    assert isinstance(answer, httpx.Response)
    site.fail(site.kit.read, httpx.Response(200, content=answer.content))

    with pytest.raises(ProviderError):
        site.sender().read_truth(opened.ref)


def test_a_look_up_without_an_answer_names_nobody(site: PlatformSite) -> None:
    site.people("dev")

    def look_up_with(answer: httpx.Response | Exception) -> None:
        site.fail(site.kit.find_people, answer)
        site.sender().find_people([site.ref("lead")])

    assert raised_for_each(look_up_with) == EXPECTED


def test_a_withdrawal_without_an_answer_is_not_called_done(site: PlatformSite) -> None:
    if site.kit.withdraw is None:
        pytest.skip("this platform has no such call")
    opened = site.sender().open_approval(site.draft(), may_exist=False)
    site.later(120)
    truth, withdraw = site.sender().read_truth(opened.ref), site.kit.withdraw

    def withdraw_with(answer: httpx.Response | Exception) -> None:
        site.fail(withdraw, answer)
        site.sender().withdraw(truth, "canceled")

    assert raised_for_each(withdraw_with) == EXPECTED
    assert site.status(opened.ref) == "pending"


def test_the_platforms_own_way_to_say_slow_down_is_understood(site: PlatformSite) -> None:
    opened = site.sender().open_approval(site.draft(), may_exist=False)
    site.control("POST", "faults", {"path": site.kit.read.path, "method": site.kit.read.method, "status": 429})

    with pytest.raises(ProviderThrottled):
        site.sender().read_truth(opened.ref)


def test_nothing_is_tried_twice_but_a_refused_access_token(site: PlatformSite) -> None:
    opened = site.sender().open_approval(site.draft(), may_exist=False)
    before = site.calls(site.kit.read)
    site.fail(site.kit.read, httpx.Response(503), times=5)

    with pytest.raises(ProviderUnavailable):
        site.sender().read_truth(opened.ref)

    assert site.calls(site.kit.read) == before + 1


# -- secrets


def test_no_secret_is_in_any_message_or_log(site: PlatformSite, caplog: pytest.LogCaptureFixture) -> None:
    # As every function has it, since httpx logs whole addresses: see observability.py and the test below.
    caplog.set_level(logging.WARNING, logger="httpx")
    caplog.set_level(logging.DEBUG)
    opened = site.sender().open_approval(site.draft(), may_exist=False)
    texts: list[str] = []
    for call in (site.kit.find_people, site.kit.read, site.kit.fetch_token, site.kit.create):
        for answer in NO_ANSWERS.values():
            site.fail(call, answer())
            texts += _tracebacks_of(site, opened.ref)
    site.control("POST", "clock", {"advance_s": 3 * 3600})
    texts += _tracebacks_of(site, opened.ref)
    texts += [repr(site.sender()), repr(registry.credentials_type(site.kit.provider).from_fields(site.kit.credentials))]

    # The AWS SDK at DEBUG shows what goes into the table; no function ever runs it so.
    records = [record for record in caplog.records if not record.name.startswith("botocore")]
    texts += [f"{record.getMessage()} {vars(record)}" for record in records]
    secrets = _secrets_of(site)
    assert len(secrets) >= 3
    assert len(records) > 50
    assert {secret for secret in secrets if any(secret in text for text in texts)} == set()


def test_functions_keep_addresses_out_of_their_logs() -> None:
    loggers = [logging.getLogger(name) for name in ("httpx", "approval_gate")]
    before = [(logger.level, logger.propagate, logger.handlers) for logger in loggers]
    try:
        function_logger()
        assert not loggers[0].isEnabledFor(logging.INFO)
    finally:
        for logger, (level, propagate, handlers) in zip(loggers, before, strict=True):
            logger.setLevel(level)
            logger.propagate, logger.handlers = propagate, handlers


def _tracebacks_of(site: PlatformSite, ref: str) -> list[str]:
    """Call everything and return what a log would show of the errors."""
    attempts: list[Callable[[], object]] = [
        lambda: site.sender().find_people([site.ref("lead"), site.ref(site.kit.strangers[0])]),
        lambda: site.sender().read_truth(ref),
        lambda: site.sender().read_truth("unknown"),
        lambda: site.sender().open_approval(site.draft(), may_exist=True),
    ]
    texts: list[str] = []
    for attempt in attempts:
        try:
            attempt()
        except ProviderError as err:
            texts += [*traceback.format_exception(err), repr(err), repr(vars(err))]
    return texts


def _secrets_of(site: PlatformSite) -> set[str]:
    """Return what nobody may see: the app's secrets, and every access token that was handed out."""
    public = registry.credentials_type(site.kit.provider).public_fields()
    secrets = {value for name, value in site.kit.credentials.items() if name not in public}
    for exchange in site.wire.exchanges:
        if site.kit.fetch_token.matches(exchange.method, exchange.path) and isinstance(exchange.answer, httpx.Response):
            secrets |= _token_in(exchange.answer, site.kit.token_field)
    return secrets


def _token_in(answer: httpx.Response, field: str) -> set[str]:
    try:
        body = json.loads(answer.content)
    except (ValueError, RecursionError):
        return set()
    return {body[field]} if isinstance(body, dict) and field in body else set()
