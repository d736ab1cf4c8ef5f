"""Standard Webhooks: its published vector, its reference library, and verification written from the specification."""

from __future__ import annotations

import base64
import hashlib
import hmac
from datetime import UTC, datetime

import pytest
from standardwebhooks import Webhook, WebhookVerificationError

from approval_gate.webhooks.signing import signed_headers

# The specification's own example, as its reference libraries test it.
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
MESSAGE_ID = "msg_p5jXN8AQM9LWM0D4loKWxJek"
AT = datetime.fromtimestamp(1614265330, UTC)
BODY = b'{"test": 2432232314}'
SIGNATURE = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="

OTHER = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"


def test_the_published_vector_is_reproduced() -> None:
    assert signed_headers([SECRET], MESSAGE_ID, AT, BODY) == {
        "webhook-id": MESSAGE_ID,
        "webhook-timestamp": "1614265330",
        "webhook-signature": SIGNATURE,
    }


def test_during_a_rotation_both_secrets_sign() -> None:
    headers = signed_headers([OTHER, SECRET], MESSAGE_ID, AT, BODY)

    first, second = headers["webhook-signature"].split(" ")
    assert second == SIGNATURE
    assert first != SIGNATURE


@pytest.mark.parametrize("secret", [SECRET, OTHER])
def test_the_reference_library_accepts_either_secret(secret: str) -> None:
    headers = signed_headers([OTHER, SECRET], "ntf_1-0", datetime.now(UTC), '{"title": "发布"}'.encode())

    assert Webhook(secret).verify('{"title": "发布"}'.encode(), headers) == {"title": "发布"}


@pytest.mark.parametrize("change", [{"webhook-id": "ntf_2"}, {"webhook-signature": "v1,AAAA"}])
def test_the_reference_library_refuses_what_was_changed(change: dict[str, str]) -> None:
    headers = signed_headers([SECRET], "ntf_1", datetime.now(UTC), BODY)

    with pytest.raises(WebhookVerificationError):
        Webhook(SECRET).verify(BODY, {**headers, **change})
    with pytest.raises(WebhookVerificationError):
        Webhook(SECRET).verify(BODY + b" ", headers)


def test_a_receiver_without_the_library_verifies_it_from_the_specification() -> None:
    headers = signed_headers([SECRET], MESSAGE_ID, AT, BODY)

    key = base64.b64decode(SECRET.removeprefix("whsec_"))
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + BODY
    expected = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    assert headers["webhook-signature"] == f"v1,{expected}"


@pytest.mark.parametrize("message_id", ["", "a.b", "a b", "a\r\nX: y", "ä"])
def test_an_id_that_could_be_read_in_two_ways_is_not_signed(message_id: str) -> None:
    with pytest.raises(ValueError, match="without dots"):
        signed_headers([SECRET], message_id, AT, BODY)


def test_nothing_is_sent_unsigned() -> None:
    with pytest.raises(ValueError, match="needs a secret"):
        signed_headers([], MESSAGE_ID, AT, BODY)
