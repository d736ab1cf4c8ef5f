"""What every provider's messenger must do when a platform does not answer as it should: say so, and tell no secret."""

from __future__ import annotations

import json
import logging
import traceback
from collections.abc import Callable

import httpx
import pytest

from approval_gate.domain.message import DestinationKind
from approval_gate.errors import ProviderError, ProviderThrottled, ProviderUnavailable
from approval_gate.providers import registry
from tests.fakes.mail_cases import every_kind, every_platform, kinds_where
from tests.fakes.mail_site import MailSite, message
from tests.fakes.no_answers import EXPECTED, NO_ANSWERS, raised_for_each

PERSON = DestinationKind.USER_ID


@every_kind
def test_a_message_without_an_answer_is_not_called_sent(mail: MailSite, kind: DestinationKind) -> None:
    parcel = mail.parcel(mail.recipient(kind))

    def send_with(answer: httpx.Response | Exception) -> None:
        mail.fail(mail.mail_kit.sends[kind], answer)
        mail.send(parcel)

    assert raised_for_each(send_with) == EXPECTED
    assert mail.arrived() == []


@every_kind
@pytest.mark.parametrize("answer", [{}, {"ok": True}, {"data": {"message_id": "om_1"}}], ids=str)
def test_an_answer_that_says_nothing_is_not_called_sent(
    mail: MailSite, kind: DestinationKind, answer: dict[str, object]
) -> None:
    parcel = mail.parcel(mail.recipient(kind))
    mail.fail(mail.mail_kit.sends[kind], httpx.Response(200, json=answer))

    try:
        (receipt,) = mail.send(parcel)
    except ProviderError:
        return
    assert not receipt.is_sent


@kinds_where(lambda kit, kind: kind in kit.updatable)
def test_an_update_without_an_answer_is_not_called_done(mail: MailSite, kind: DestinationKind) -> None:
    receipt, update = mail.send_to(kind, message("Approval needed")), mail.mail_kit.update
    assert update is not None

    def update_with(answer: httpx.Response | Exception) -> None:
        mail.fail(update, answer)
        mail.messenger().update(receipt.message_id, message("Approved"))

    assert raised_for_each(update_with) == EXPECTED
    assert "Approval needed" in mail.read(mail.arrived()[0])


@kinds_where(lambda kit, kind: kind in kit.dedupes)
@pytest.mark.parametrize("answer", NO_ANSWERS.values(), ids=NO_ANSWERS)
def test_a_lost_answer_never_makes_a_second_message(
    mail: MailSite, kind: DestinationKind, answer: Callable[[], httpx.Response | Exception]
) -> None:
    parcel = mail.parcel(mail.recipient(kind))
    mail.lose(mail.mail_kit.sends[kind], answer())
    with pytest.raises(ProviderUnavailable):
        mail.send(parcel)

    (receipt,) = mail.send(parcel)

    assert receipt.is_sent
    assert len(mail.arrived()) == 1


@every_kind
def test_the_platforms_own_way_to_say_slow_down_is_understood(mail: MailSite, kind: DestinationKind) -> None:
    parcel = mail.parcel(mail.recipient(kind))
    mail.fail(mail.mail_kit.sends[kind], mail.mail_kit.slow_down[kind]())

    with pytest.raises(ProviderThrottled):
        mail.send(parcel)

    assert mail.send(parcel)[0].is_sent


@every_kind
def test_nothing_is_tried_twice(mail: MailSite, kind: DestinationKind) -> None:
    call, parcel = mail.mail_kit.sends[kind], mail.parcel(mail.recipient(kind))
    before = mail.calls(call)
    mail.fail(call, httpx.Response(503), times=5)

    with pytest.raises(ProviderUnavailable):
        mail.send(parcel)

    assert mail.calls(call) == before + 1


# -- access tokens


@every_platform
def test_an_expired_access_token_is_renewed_exactly_once(mail: MailSite) -> None:
    recipient = mail.recipient(PERSON)
    mail.control("POST", "clock", {"advance_s": 3 * 3600})
    fetched = mail.calls(mail.kit.fetch_token)

    for _ in range(2):
        assert mail.send(mail.parcel(recipient))[0].is_sent

    assert mail.calls(mail.kit.fetch_token) == fetched + 1
    assert mail.readers() == {"lead"}


@every_platform
def test_without_an_access_token_nothing_is_sent(mail: MailSite) -> None:
    recipient = mail.recipient(PERSON)

    def send_with(answer: httpx.Response | Exception) -> None:
        mail.control("POST", "clock", {"advance_s": 3 * 3600})
        mail.fail(mail.kit.fetch_token, answer)
        mail.send(mail.parcel(recipient))

    assert raised_for_each(send_with) == EXPECTED
    assert mail.arrived() == []


# -- secrets


@every_platform
def test_no_secret_is_in_any_message_log_or_repr(mail: MailSite, caplog: pytest.LogCaptureFixture) -> None:
    # As every function has it: httpx logs whole addresses, see observability.py.
    caplog.set_level(logging.WARNING, logger="httpx")
    caplog.set_level(logging.DEBUG)
    texts: list[str] = []
    for kind, call in mail.mail_kit.sends.items():
        recipient = mail.recipient(kind)
        texts += _told(lambda recipient=recipient: mail.send(mail.parcel(recipient)))
        texts += [repr(recipient), repr(mail.parcel(recipient))]
        for answer in (*NO_ANSWERS.values(), mail.mail_kit.slow_down[kind]):
            mail.fail(call, answer())
            texts += _told(lambda recipient=recipient: mail.send(mail.parcel(recipient)))
    for robot in mail.mail_kit.refused_robots.values():
        texts += _told(lambda robot=robot: mail.send(mail.parcel(mail.robot(robot))))
    texts += [repr(mail.messenger()), repr(mail.mail_kit.robot)]

    # The AWS SDK at DEBUG shows what goes into the table; no function ever runs it so.
    records = [record for record in caplog.records if not record.name.startswith("botocore")]
    texts += [f"{record.getMessage()} {vars(record)}" for record in records]
    secrets = _secrets_of(mail)
    assert len(records) > 50
    assert {secret for secret in secrets if any(secret in text for text in texts)} == set()


def _told(attempt: Callable[[], object]) -> list[str]:
    """Return what a log would show of an attempt."""
    try:
        return [repr(attempt())]
    except ProviderError as err:
        return [*traceback.format_exception(err), repr(err), repr(vars(err))]


def _secrets_of(mail: MailSite) -> set[str]:
    """Return what nobody may see: the app's secrets, the robots', and every access token that was handed out."""
    public = registry.credentials_type(mail.kit.provider).public_fields()
    secrets = {value for name, value in mail.kit.credentials.items() if name not in public}
    for robot in (mail.mail_kit.robot, *mail.mail_kit.refused_robots.values()):
        secrets |= {robot.url, robot.secret} - {""}
    for exchange in mail.wire.exchanges:
        if mail.kit.fetch_token.matches(exchange.method, exchange.path) and isinstance(exchange.answer, httpx.Response):
            secrets |= _token_in(exchange.answer, mail.kit.token_field)
    return secrets | set(mail.mail_kit.secrets)


def _token_in(answer: httpx.Response, field: str) -> set[str]:
    try:
        body = json.loads(answer.content)
    except (ValueError, RecursionError):
        return set()
    return {body[field]} if isinstance(body, dict) and field in body else set()
