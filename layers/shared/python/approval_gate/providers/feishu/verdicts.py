"""What each check of an examination makes of the platform's replies. Nothing here calls anybody."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from approval_gate.ports.checks import Check, CheckStatus, Words
from approval_gate.providers.feishu import findings, scopes
from approval_gate.providers.feishu.advice import SCOPE_MISSING as SCOPE_ADVICE
from approval_gate.providers.feishu.advice import filled
from approval_gate.providers.feishu.errcodes import (
    APP_STOPPED,
    INSTANCE_UNKNOWN,
    IP_DENIED,
    QUOTA_USED_UP,
    SCOPE_MISSING,
)
from approval_gate.providers.feishu.replies import Reply
from approval_gate.untrusted import mapping
from approval_gate.verdicts import Advice

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from approval_gate.providers.feishu.edition import Edition

__all__ = ["Verdicts", "is_refused_for"]

_OK, _WARNING, _FAILED, _SKIPPED = CheckStatus.OK, CheckStatus.WARNING, CheckStatus.FAILED, CheckStatus.SKIPPED
_ROOT = "0"
_UPGRADE_WAITING = 4


class Verdicts:
    """Checks of one edition's apps."""

    def __init__(self, edition: Edition) -> None:
        self._edition = edition

    def trusted_ip(self, bot: Reply) -> Check:
        """Judge by the first call that is not exempt from the app's IP allow list, as the token's endpoint is."""
        if is_refused_for(bot, IP_DENIED) or bot.may_pass:
            return self._refused("trusted_ip", bot)
        if bot.advice:
            return self.not_asked("trusted_ip", cause="quota" if is_refused_for(bot, QUOTA_USED_UP) else "app_status")
        return self.told("trusted_ip", _OK, findings.ADDRESS_TAKEN)

    def app_status(self, bot: Reply) -> Check:
        """Judge the state of the app in its tenant."""
        if bot.advice is None:
            state = mapping(bot.data, "bot").get("activate_status")
            if type(state) is int and state in findings.APP_STATES:
                status = _WARNING if state == _UPGRADE_WAITING else _FAILED
                return self.told("app_status", status, findings.APP_STATES[state])
            return self.told("app_status", _OK, findings.APP_ENABLED)
        if is_refused_for(bot, QUOTA_USED_UP) or bot.may_pass:
            return self.not_asked("app_status", cause="quota" if is_refused_for(bot, QUOTA_USED_UP) else "trusted_ip")
        check = self._refused("app_status", bot)
        # Any other refusal is about the bot alone: approvals may work all the same.
        return check if is_refused_for(bot, *APP_STOPPED) else replace(check, status=_WARNING)

    def approvals(self, approval: Reply, granted: frozenset[str] | None) -> Check:
        """Judge by reading an approval that does not exist, and by the permissions; None when they are not known."""
        name = "permission_approvals"
        if is_refused_for(approval, SCOPE_MISSING):
            return self._lacks(name, (scopes.APPROVALS,))
        if is_refused_for(approval, QUOTA_USED_UP):
            return self.not_asked(name, cause="quota")
        if approval.advice and approval.code not in INSTANCE_UNKNOWN:
            return self._refused(name, approval)
        if granted is None:
            return self.told(name, _WARNING, findings.READ_ONLY)
        lacking = scopes.lacking_for_approvals(granted)
        return self._lacks(name, lacking) if lacking else self._permitted(name, scopes.APPROVALS)

    def messages(self, granted: frozenset[str] | None) -> Check:
        """Judge by the permissions alone: there is no harmless way to try."""
        name = "permission_messages"
        if granted is None:
            return self.told(name, _SKIPPED, findings.NOT_TOLD)
        lacking = scopes.lacking_for_messages(granted)
        if lacking:
            return self._lacks(name, lacking)
        advised = scopes.advised_for_messages(granted)
        if advised:
            return self._advised(name, advised, "messages to departments and everybody", "向部门和全员发送消息")
        return self._permitted(name, scopes.SEND)

    def contacts(self, people: Reply, seen: Reply, granted: frozenset[str] | None) -> Check:
        """Judge by looking up a person who does not exist and by reading the range, and by the permissions."""
        name = "permission_contacts"
        asked = ((people, scopes.FIND_PEOPLE), (seen, scopes.READ_CONTACTS))
        lacking = tuple(scope for reply, scope in asked if is_refused_for(reply, SCOPE_MISSING))
        if lacking:
            return self._lacks(name, lacking)
        failed = next((reply for reply, _ in asked if reply.advice), None)
        if failed:
            return self._refused(name, failed)
        advised = scopes.advised_for_contacts(granted) if granted is not None else ()
        if advised:
            return self._advised(name, advised, "names, tenant user ids, departments", "姓名、企业用户 ID、部门")
        return self._permitted(name, scopes.FIND_PEOPLE, scopes.READ_CONTACTS)

    def contact_range(self, seen: Reply) -> Check:
        """Judge whom the app may see."""
        name = "contact_range"
        if seen.advice:
            return self.not_asked(name, cause="permission_contacts")
        departments, people, groups = (_list(seen.data, f"{each}_ids") for each in ("department", "user", "group"))
        if _ROOT in departments:
            return self.told(name, _OK, findings.RANGE_FULL)
        has_more = seen.data.get("has_more") is True
        if not (departments or people or groups or has_more):
            return self.told(name, _FAILED, findings.RANGE_EMPTY)
        return self.told(
            name,
            _WARNING,
            findings.RANGE_PART,
            departments=str(len(departments)),
            people=str(len(people)),
            groups=str(len(groups)),
            more=", or more" if has_more else "",
            more_zh="，或更多" if has_more else "",
        )

    def quota(self, counted: list[Reply]) -> Check:
        """Judge by the calls that count against the quota."""
        used_up = next((each for each in counted if is_refused_for(each, QUOTA_USED_UP)), None)
        if used_up:
            return self._refused("quota", used_up)
        failed = next((each for each in counted if each.may_pass), None)
        return self._refused("quota", failed) if failed else self.told("quota", _OK, findings.QUOTA_LEFT)

    # -- how it is said

    def told(self, name: str, status: CheckStatus, advice: Advice, **facts: str) -> Check:
        """Return a check that says this."""
        said = filled(advice, self._edition, other_provider=self._edition.other_name.lower(), **facts)
        return Check(name, status, said.found, said.fix)

    @staticmethod
    def _refused(name: str, reply: Reply) -> Check:
        advice = reply.advice or Advice(Words(), Words())
        return Check(name, _WARNING if reply.may_pass else _FAILED, advice.found, advice.fix)

    def not_asked(self, name: str, *, cause: str) -> Check:
        """Return a check that makes no sense before the one named `cause` is mended."""
        return self.told(name, _SKIPPED, findings.NOT_ASKED, cause=cause)

    def _lacks(self, name: str, lacking: tuple[str, ...]) -> Check:
        return self.told(name, _FAILED, SCOPE_ADVICE, scopes=", ".join(lacking))

    def _advised(self, name: str, lacking: tuple[str, ...], features: str, features_zh: str) -> Check:
        facts = {"features": features, "features_zh": features_zh}
        return self.told(name, _WARNING, findings.SCOPES_ADVISED, scopes=", ".join(lacking), **facts)

    def _permitted(self, name: str, *granted: str) -> Check:
        return self.told(name, _OK, findings.PERMITTED, scopes=", ".join(granted))


def is_refused_for(reply: Reply, *codes: int) -> bool:
    """Tell whether the platform refused the call with one of these codes."""
    return reply.code in {str(each) for each in codes}


def _list(data: Mapping[str, Any], key: str) -> list[Any]:
    value = data.get(key)
    return value if isinstance(value, list) else []
