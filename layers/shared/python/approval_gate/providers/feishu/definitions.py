"""
Have a definition for a shape: created once, subscribed once, reused for ever.

Definitions made through the API can never be removed, so creation is guarded by a claim and never repeated while its
result is unknown. The code is saved before subscribing, so that a crash between the two loses nothing.

Source: Feishu developer docs, "Create an approval definition", "Subscribe to approval events", read 2026-02-28.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, cast
from urllib.parse import quote

from approval_gate.errors import ProviderError, ProviderRejected, ProviderThrottled, ProviderUnavailable
from approval_gate.providers.feishu.cards import TEXT_VERSION, definition_body, shape_of
from approval_gate.providers.feishu.errcodes import ALREADY_SUBSCRIBED, DEFINITION_GONE
from approval_gate.providers.feishu.truth import stages_by_node
from approval_gate.untrusted import items, word

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from approval_gate.domain.approval import Stage
    from approval_gate.ports import Forms
    from approval_gate.providers.feishu.client import Client
    from approval_gate.providers.feishu.edition import Edition

__all__ = ["Definitions"]

_BUSY_RETRY_S = 2.0
_CLAIM_S = 60.0
_PATH = "/open-apis/approval/v4/approvals"


class Definitions:
    """
    The definitions of one app.

    Args:
        app_id: part of the key: another App ID knows nothing of this one's definitions.
    """

    def __init__(self, edition: Edition, app_id: str, client: Client, forms: Forms) -> None:
        self._edition = edition
        self._app_id = app_id
        self._client = client
        self._forms = forms

    def code_for(self, stages: Sequence[Stage]) -> str:
        """
        Return the approval_code for approvals of this shape; costs no call once it exists.

        Raises:
            ProviderUnavailable: somebody else is creating it right now, or the result of creating it is not known.
        """
        key = self._key(stages)
        saved = self._forms.get(key)
        if saved is None:
            if not self._forms.claim(key):
                raise self._unavailable("the approval definition is being created", _BUSY_RETRY_S)
            saved = self._create(key, stages)
        if not saved.get("subscribed"):
            self._subscribe(key, saved["approval_code"])
        return saved["approval_code"]

    def nodes_of(self, approval_code: str) -> dict[str, int | None]:
        """Return which stage each system node of a definition stands for. One call."""
        path = f"{_PATH}/{quote(approval_code, safe='')}"
        return stages_by_node(items(self._client.call("get_definition", "GET", path), "node_list"))

    def replace(self, stages: Sequence[Stage], approval_code: str) -> ProviderUnavailable:
        """
        Forget a definition that the platform says is gone, and return the error that has it made anew.

        The claim is taken and left to lapse: however often a platform calls fresh definitions gone, at most one is
        made per claim period.
        """
        return self._replace(self._key(stages), approval_code)

    def _replace(self, key: str, approval_code: str) -> ProviderUnavailable:
        saved = self._forms.get(key)
        if saved is not None and saved.get("approval_code") == approval_code:
            self._forms.forget(key)
            self._forms.claim(key)
        return self._unavailable("the approval definition is gone; a new one will be made", _CLAIM_S)

    def _key(self, stages: Sequence[Stage]) -> str:
        return f"definition/{self._app_id}/{TEXT_VERSION}/{shape_of(stages)}"

    def _create(self, key: str, stages: Sequence[Stage]) -> Mapping[str, str]:
        body = definition_body(stages, self._edition.default_locale)
        try:
            data = self._client.call(
                "create_definition",
                "POST",
                _PATH,
                body=cast("Mapping[str, object]", body),
                query={"user_id_type": "open_id", "department_id_type": "open_department_id"},
            )
        except (ProviderRejected, ProviderThrottled):
            self._forms.release(key)
            raise
        # After any other failure it may exist: the claim is left to lapse, so that there is at most one a minute.
        code = word(data, "approval_code")
        if not code:
            raise self._unavailable("the answer to creating a definition holds no approval_code", _CLAIM_S)
        saved = {"approval_code": code, "subscribed": ""}
        self._forms.save(key, saved)
        return saved

    def _subscribe(self, key: str, approval_code: str) -> None:
        """Ask for the events of one definition; needed once per definition and app, harmless when repeated."""
        try:
            self._client.call("subscribe", "POST", f"{_PATH}/{quote(approval_code, safe='')}/subscribe")
        except ProviderError as err:
            if err.vendor_code in DEFINITION_GONE:
                raise self._replace(key, approval_code) from err
            if err.vendor_code not in ALREADY_SUBSCRIBED:
                raise
        self._forms.save(key, {"approval_code": approval_code, "subscribed": "yes"})

    def _unavailable(self, text: str, retry_after_s: float) -> ProviderUnavailable:
        return ProviderUnavailable(
            f"{text}; try again in {retry_after_s:.0f} s.",
            retry_after_s=retry_after_s,
            provider=self._edition.provider,
            operation="definition",
        )
