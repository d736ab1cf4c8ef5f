"""
Have the form: found by its name or made once, then reused for ever.

Form names are unique in an organisation, so a form cannot be made twice: the second attempt is refused and the first
one is found. A form of our name with other fields is somebody else's and is not used.

Source: DingTalk developer docs, "Create an approval form template", "Obtain a list of approval forms visible to the
specified user", "Obtain the template code", "Obtain the form schema", read 2026-02-28.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from approval_gate.errors import ProviderRejected, ProviderThrottled, ProviderUnavailable
from approval_gate.providers.dingtalk.cards import FORM_NAME, FORM_VERSION, LABELS, form_body
from approval_gate.providers.dingtalk.errcodes import FORM_NAME_TAKEN
from approval_gate.providers.dingtalk.reading import whole
from approval_gate.untrusted import items, mapping, word

if TYPE_CHECKING:
    from collections.abc import Mapping

    from approval_gate.ports import Forms
    from approval_gate.providers.dingtalk.client import Client

__all__ = ["Templates"]

_FORMS = "/v1.0/workflow/forms"
_SCHEMA = "/v1.0/workflow/forms/schemas/processCodes"
_VISIBLE = "/v1.0/workflow/processes/userVisibilities/templates"
_BY_NAME = "/v1.0/workflow/processCentres/schemaNames/processCodes"
_MOST_PAGES = 20
_BUSY_RETRY_S = 2.0
_CLAIM_S = 60.0


class Templates:
    """
    The one form of one app.

    Args:
        app_key: part of the key: another app may belong to another organisation.
    """

    def __init__(self, app_key: str, client: Client, forms: Forms) -> None:
        self._client = client
        self._forms = forms
        self._key = f"form/{app_key}/{FORM_VERSION}"

    def code(self) -> str:
        """
        Return the form's processCode; costs no call once it is known.

        Raises:
            ProviderUnavailable: somebody else is making it right now, or the result of making it is not known.
            ProviderRejected: a form of our name is somebody else's.
        """
        saved = self._forms.get(self._key)
        if saved is not None:
            return saved["process_code"]
        if not self._forms.claim(self._key):
            raise self._client.unavailable("find_form", "the approval form is being made; try again", _BUSY_RETRY_S)
        try:
            code = self._found() or self._created()
        except (ProviderRejected, ProviderThrottled):
            self._forms.release(self._key)
            raise
        # After any other failure the claim is left to lapse; the next attempt looks before it makes one.
        self._forms.save(self._key, {"process_code": code})
        return code

    def known_code(self) -> str:
        """Return the processCode if there is a form, "" if not; makes none."""
        saved = self._forms.get(self._key)
        return saved["process_code"] if saved is not None else self._found()

    def replace(self, process_code: str) -> ProviderUnavailable:
        """
        Forget a form that the platform says is gone, and return the error that has it found or made anew.

        The claim is taken and left to lapse: whatever the platform says of fresh forms, there is one try per minute.
        """
        saved = self._forms.get(self._key)
        if saved is not None and saved.get("process_code") == process_code:
            self._forms.forget(self._key)
            self._forms.claim(self._key)
        return self._client.unavailable("find_form", "the approval form is gone; another will be made", _CLAIM_S)

    def _found(self) -> str:
        """Return the processCode of the form with our name and fields, "" if there is no form of that name."""
        code = self._listed()
        if code:
            self._check_fields(code)
        return code

    def _created(self) -> str:
        try:
            answer = self._client.call("create_form", "POST", _FORMS, body=cast("Mapping[str, object]", form_body()))
        except ProviderRejected as err:
            if err.vendor_code.lower() != FORM_NAME_TAKEN:
                raise
            # It exists after all: made meanwhile, or not in the list. The second look-up is documented for another
            # kind of forms; whether it finds ours was not seen.
            code = self._listed() or self._named()
            if not code:
                raise self._client.rejected(
                    "create_form",
                    f"a form named {FORM_NAME!r} exists but the app cannot see it. Make it visible to everyone in the "
                    "OA approval admin, or rename it there",
                ) from err
            self._check_fields(code)
            return code
        code = word(mapping(answer, "result"), "processCode")
        if not code:
            raise self._client.unavailable("create_form", "the answer holds no processCode", _CLAIM_S)
        return code

    def _listed(self) -> str:
        token = 0
        for _ in range(_MOST_PAGES):
            query = {"maxResults": "100", "nextToken": str(token)}
            result = mapping(self._client.call("find_form", "GET", _VISIBLE, query=query), "result")
            for form in items(result, "processList"):
                if form.get("name") == FORM_NAME:
                    return word(form, "processCode")
            following = whole(result, "nextToken")
            if not following or following <= token:
                break
            token = following
        return ""

    def _named(self) -> str:
        try:
            answer = self._client.call("find_form", "GET", _BY_NAME, query={"name": FORM_NAME})
        except ProviderRejected:
            return ""
        return word(mapping(answer, "result"), "processCode")

    def _check_fields(self, process_code: str) -> None:
        answer = self._client.call("read_form", "GET", _SCHEMA, query={"processCode": process_code})
        fields = items(mapping(mapping(answer, "result"), "schemaContent"), "items")
        labels = {mapping(field, "props").get("label") for field in fields}
        if not labels.issuperset(LABELS):
            raise self._client.rejected(
                "find_form",
                f"a form named {FORM_NAME!r} exists with other fields than the gate's. Rename or delete it in the OA "
                "approval admin, and the gate makes its own",
            )
