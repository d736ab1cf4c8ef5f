"""
Have a template to fill: the one an administrator named, or one of our own, created once.

Templates cannot be listed or deleted through the API, so creation is guarded by a claim and never repeated while its
result is unknown. The id of the field is kept with the template; it changes when somebody redesigns the template, which
shows as refused parameters: then it is read again.

Source: WeCom developer docs, "Create an approval template", "Get approval template details", read 2026-02-28.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from approval_gate.errors import ProviderRejected, ProviderThrottled, ProviderUnavailable
from approval_gate.providers.wecom.cards import CONTROL_ID, TEXT_CONTROL, template_body
from approval_gate.providers.wecom.errcodes import PARAMETERS_REFUSED

if TYPE_CHECKING:
    from approval_gate.ports import Forms
    from approval_gate.providers.wecom.client import Client
    from approval_gate.providers.wecom.credentials import Credentials
    from approval_gate.providers.wecom.documents import Element

__all__ = ["Template", "Templates"]

_CREATE_PATH = "/cgi-bin/oa/approval/create_template"
_DETAIL_PATH = "/cgi-bin/oa/gettemplatedetail"
_BUSY_RETRY_S = 2.0
_CLAIM_S = 60.0
_CREATION_FAILED = (
    " If a template of the gate's name exists already, put its id into the app's credentials as template_id: the last "
    "part of the address of its edit page in the admin console > Approval (审批)"
)


@dataclass(frozen=True, slots=True)
class Template:
    """A template and its field for our text."""

    template_id: str
    control_id: str


class Templates:
    """The template of one app."""

    def __init__(self, client: Client, credentials: Credentials, forms: Forms) -> None:
        self._client = client
        self._credentials = credentials
        self._forms = forms

    def known_ids(self) -> tuple[str, ...]:
        """Return every template that applications may have been made with; no call."""
        created = self._saved(self._created_key())
        ids = (self._credentials.template_id, created.template_id if created else "")
        return tuple(dict.fromkeys(each for each in ids if each))

    def get(self) -> Template:
        """
        Return the template to fill; costs no call once it is known.

        Raises:
            ProviderRejected: the named template has no field for our text.
            ProviderUnavailable: somebody else is creating ours right now, or the result of creating it is not known.
        """
        configured = self._credentials.template_id
        if configured:
            return self._saved(self._configured_key()) or self._read(self._configured_key(), configured)
        saved = self._saved(self._created_key())
        if saved is not None:
            return saved
        if not self._forms.claim(self._created_key()):
            raise self._unavailable("the approval template is being created", _BUSY_RETRY_S)
        return self._create(self._created_key())

    def read_again(self, template: Template) -> Template:
        """
        Return the template as it is now, after its parameters were refused.

        Raises:
            ProviderRejected: it is gone, or not usable any more. One of our own is forgotten then, and made anew for
                the next approval: never within this one, so that nothing here can create templates without end.
        """
        configured = self._credentials.template_id
        key = self._configured_key() if configured else self._created_key()
        try:
            return self._read(key, template.template_id)
        except ProviderRejected as err:
            if err.vendor_code == PARAMETERS_REFUSED and not configured:
                self._forms.forget(key)
            raise

    def _read(self, key: str, template_id: str) -> Template:
        answer = self._client.call("get_template", _DETAIL_PATH, {"template_id": template_id})
        template = Template(template_id, self._text_field(answer))
        self._forms.save(key, {"template_id": template_id, "control_id": template.control_id})
        return template

    def _text_field(self, answer: Element) -> str:
        fields = [control.first("property") for control in answer.first("template_content").all("controls")]
        texts = [each for each in fields if each.word("control") == TEXT_CONTROL and each.word("id")]
        if not texts:
            raise self._rejected("the template has no multi-line text (多行文本). Add one in the admin console")
        if any(each.word("require") == "1" and each is not texts[0] for each in fields):
            raise self._rejected(
                "the template has mandatory fields besides its first multi-line text (多行文本), which the gate cannot "
                "fill. Make them optional in the admin console"
            )
        return texts[0].word("id")

    def _create(self, key: str) -> Template:
        body = template_body(self._credentials.agent_id)
        try:
            answer = self._client.call("create_template", _CREATE_PATH, {**body})
        except ProviderThrottled:
            self._forms.release(key)
            raise
        except ProviderRejected as err:
            self._forms.release(key)
            # The code for a name in use is not documented.
            raise ProviderRejected(
                err.message + _CREATION_FAILED + ".",
                provider="wecom",
                operation=err.operation,
                vendor_code=err.vendor_code,
            ) from err
        # After any other failure it may exist: the claim is left to lapse, so that there is at most one try a minute.
        template_id = answer.word("template_id")
        if not template_id:
            raise self._unavailable("the answer to creating a template holds no template_id", _CLAIM_S)
        self._forms.save(key, {"template_id": template_id, "control_id": CONTROL_ID})
        return Template(template_id, CONTROL_ID)

    def _saved(self, key: str) -> Template | None:
        saved = self._forms.get(key)
        return Template(saved["template_id"], saved["control_id"]) if saved else None

    def _configured_key(self) -> str:
        return f"template/{self._credentials.corp_id}/{self._credentials.template_id}"

    def _created_key(self) -> str:
        return f"template/{self._credentials.corp_id}/of/{self._credentials.agent_id}"

    def _rejected(self, text: str) -> ProviderRejected:
        return ProviderRejected(f"get_template: {text}.", provider="wecom", operation="get_template")

    def _unavailable(self, text: str, retry_after_s: float) -> ProviderUnavailable:
        error = ProviderUnavailable(
            f"{text}; try again in {retry_after_s:.0f} s.", provider="wecom", operation="create_template"
        )
        error.retry_after_s = retry_after_s
        return error
