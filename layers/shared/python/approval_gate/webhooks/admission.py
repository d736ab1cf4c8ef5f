"""What is checked of a callback address when an approval is asked for, so that its caller hears of it at once."""

from __future__ import annotations

from approval_gate.errors import EndpointRefused, FieldProblem, RequestError
from approval_gate.ports.webhooks import WebhookSecrets
from approval_gate.webhooks.addresses import read_endpoint

__all__ = ["CallbackAdmission"]

_FIELD = "callback.url"


class CallbackAdmission:
    """
    The `CallbackCheck` port.

    The host name is resolved when the webhook is sent, not now: an answer of today says nothing about that moment.
    """

    def __init__(self, secrets: WebhookSecrets, *, allow_loopback: bool = False) -> None:
        self._secrets = secrets
        self._allow_loopback = allow_loopback

    def check(self, tenant: str, url: str) -> None:
        """Refuse an address that webhooks cannot go to, and one whose webhooks nobody could verify; see the port."""
        try:
            read_endpoint(url, allow_loopback=self._allow_loopback)
        except EndpointRefused as err:
            raise RequestError(
                "The callback address must change.", code=err.code, problems=(FieldProblem(_FIELD, err.message),)
            ) from err
        if not self._secrets.exist(tenant):
            raise RequestError(
                "There is no secret to sign webhooks with, so the receiver could not tell ours from forged ones.",
                code="webhook_secret_required",
                problems=(
                    FieldProblem(
                        _FIELD, "Create a secret first: POST /v1/webhook-secrets (scope apps:admin). Or leave this out."
                    ),
                ),
            )
