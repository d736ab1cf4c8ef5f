"""
Read the people and departments that an app may see. We never write to the organisation's contacts.

No call lists everybody: departments are walked level by level from the top of the app's range, people are paged a
hundred at a time for each. So a run costs two calls per department and one more per further hundred people; none of
them counts against the monthly quota. The same person is listed in each of their departments.

Fields without their permission are left out: no `mobile` means that the app may not see it.

Source: DingTalk developer docs, "Obtain the authorization scope", "Acquires the list of departments", "Queries the
complete information of a department user", "Query user details", "Query department details", "Application development
platform billing model", read 2026-02-28.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from approval_gate.domain.contacts import Chat, Contact, Department, Group, normal_mobile
from approval_gate.errors import ProviderRejected
from approval_gate.ports.directory import Page, Person, Roots
from approval_gate.providers.dingtalk.client import Client
from approval_gate.providers.dingtalk.errcodes import PERSON_HIDDEN, PERSON_UNKNOWN
from approval_gate.providers.dingtalk.reading import ids, whole
from approval_gate.untrusted import items, mapping, prose, word

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import httpx

    from approval_gate.ports import AccessTokens, App, Clock, Forms
    from approval_gate.providers.dingtalk.credentials import Credentials

__all__ = ["Directory"]

_LIST_DEPARTMENTS = "/topapi/v2/department/listsub"
_READ_DEPARTMENT = "/topapi/v2/department/get"
_LIST_PEOPLE = "/topapi/v2/user/list"
_READ_PERSON = "/topapi/v2/user/get"
_RANGE = "/auth/scopes"
_PEOPLE_PER_CALL = 100
_DEPARTMENT_HIDDEN = frozenset({"50004"})
_DEPARTMENT_GONE = frozenset({"60003"})
_CONSOLE = "in the developer console > the app > Permission management (权限管理)"


class Directory:
    """The contacts half for one app."""

    calls_per_s = 16.0  # the platform takes 20 a second for each call

    field_notes: Mapping[str, str] = {
        "mobile": "No mobile numbers are visible, so look-up by mobile asks the platform each time: grant the field "
        f"permission 企业员工手机号信息 {_CONSOLE}. 看不到手机号: 请开通该字段权限.",
        "emails": "No e-mail addresses are visible, so nobody can be named by e-mail: grant the field permission "
        f"邮箱等个人信息 {_CONSOLE}. 看不到邮箱: 请开通该字段权限.",
    }

    def __init__(
        self,
        app: App,
        credentials: Credentials,
        http: httpx.Client,
        tokens: AccessTokens,
        forms: Forms,
        clock: Clock,
    ) -> None:
        del forms  # all halves of a provider are built alike
        self._client = Client(app, credentials, http, tokens, clock)
        self.before_call: Callable[[], None] = lambda: None

    def roots(self) -> Roots:
        """Return the departments and people of the app's visible range; one call for each besides the range itself."""
        self.before_call()
        scopes = mapping(self._client.read_older("read_contact_range", _RANGE), "auth_org_scopes")
        departments = [
            self.department(each) or Department(each, "") for each in ids(scopes, "authed_dept") if each.isdecimal()
        ]
        people = [found.contact for each in ids(scopes, "authed_user") if (found := self.person(each))]
        return Roots(tuple(departments), tuple(people))

    def departments(self, parent: str, cursor: str) -> Page[Department]:
        """Return the departments one level below one."""
        del cursor  # the platform tells all of a level at once
        try:
            answer = self._ask("list_departments", _LIST_DEPARTMENTS, {"dept_id": int(parent)})
        except ProviderRejected as err:
            return _unreadable(err)
        return Page(tuple(found for each in items(answer, "result") if (found := _department(each))))

    def people(self, department: str, cursor: str) -> Page[Contact]:
        """Return who is directly in a department."""
        body = {
            "dept_id": int(department),
            "cursor": int(cursor or 0),
            "size": _PEOPLE_PER_CALL,
            "contain_access_limit": False,
        }
        try:
            result = mapping(self._ask("list_people", _LIST_PEOPLE, body), "result")
        except ProviderRejected as err:
            return _unreadable(err)
        following = whole(result, "next_cursor")
        has_more = result.get("has_more") in {True, "true"} and following is not None
        people = tuple(found for each in items(result, "list") if (found := _contact(each)))
        return Page(people, str(following) if has_more else "")

    def person(self, user_id: str) -> Person | None:
        """Return one person by userid, None when unknown or not visible."""
        try:
            shown = mapping(self._ask("read_person", _READ_PERSON, {"userid": user_id}), "result")
        except ProviderRejected as err:
            if err.vendor_code in PERSON_UNKNOWN | PERSON_HIDDEN:
                return None
            raise
        contact, listed = _contact(shown), shown.get("dept_id_list")
        departments = tuple(str(each) for each in listed if type(each) is int) if isinstance(listed, list) else None
        return Person(contact, departments) if contact else None

    def department(self, department_id: str) -> Department | None:
        """Return one department (the organisation is 1), None when unknown or not visible."""
        try:
            answer = self._ask("read_department", _READ_DEPARTMENT, {"dept_id": int(department_id)})
        except ProviderRejected as err:
            if err.vendor_code in _DEPARTMENT_GONE | _DEPARTMENT_HIDDEN:
                return None
            raise
        return _department(mapping(answer, "result"))

    def groups(self) -> Page[Group]:
        """Tell that there are none to read."""
        return Page(unread="DingTalk has no groups of people that an app can list; name departments or people.")

    def chats(self) -> Page[Chat]:
        """Tell that they cannot be listed."""
        return Page(
            unread="DingTalk does not let an app list group chats. Use the chat's openConversationId, or a robot. "
            "钉钉不支持列出群聊, 请填写群的 openConversationId 或使用群机器人."
        )

    def _ask(self, operation: str, path: str, body: Mapping[str, Any]) -> Mapping[str, Any]:
        self.before_call()
        return self._client.call_older(operation, path, body)


def _unreadable(err: ProviderRejected) -> Page[Any]:
    """Return what a refusal of one department means; a refusal of everything goes on."""
    if err.vendor_code in _DEPARTMENT_GONE:
        return Page(is_gone=True)
    if err.vendor_code in _DEPARTMENT_HIDDEN:
        return Page(unread=err.message)
    raise err


def _contact(shown: Mapping[str, Any]) -> Contact | None:
    user_id = word(shown, "userid")
    if not user_id:
        return None
    number, code = prose(shown, "mobile", limit=32), word(shown, "state_code", limit=6).lstrip("+")
    emails = dict.fromkeys(word(shown, name, limit=254) for name in ("org_email", "email"))
    return Contact(
        id=user_id,
        name=prose(shown, "name", limit=200),
        emails=tuple(each for each in emails if "@" in each),
        mobile=normal_mobile(f"+{code}{number}" if number and code and not number.startswith("+") else number),
        job_number=prose(shown, "job_number", limit=128).strip(),
        title=prose(shown, "title", limit=200),
    )


def _department(shown: Mapping[str, Any]) -> Department | None:
    number = whole(shown, "dept_id")
    if number is None:
        return None
    parent = whole(shown, "parent_id")
    return Department(str(number), prose(shown, "name", limit=200), "" if parent is None else str(parent))
