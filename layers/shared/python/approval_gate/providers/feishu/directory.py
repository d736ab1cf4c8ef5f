"""
Read the people, departments, user groups and chats that an app may see.

Departments come with everything below them, 50 to a call, people 50 to a call and department. People outside the app's
data permission range are left out without a word, and so is every field whose scope the app lacks.

Source: Feishu developer docs, "Obtain the contact data permission range", "Obtain sub-departments", "Obtain the list of
department users", "Obtain user group members", "Obtain the list of groups", read 2026-02-28.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar
from urllib.parse import quote

from approval_gate.domain.contacts import Chat, Contact, Department, Group, normal_mobile
from approval_gate.errors import ProviderRejected, ProviderUnavailable
from approval_gate.ports.directory import Page, Person, Roots
from approval_gate.providers.feishu.client import Client
from approval_gate.providers.feishu.edition import FEISHU
from approval_gate.untrusted import items, mapping, prose, word

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    import httpx

    from approval_gate.ports import AccessTokens, App, Clock, Forms
    from approval_gate.providers.feishu.credentials import Credentials
    from approval_gate.providers.feishu.edition import Edition

__all__ = ["Directory"]

_CONTACT = "/open-apis/contact/v3"
_CHATS = "/open-apis/im/v1/chats"
_ROOT = "0"
_OPEN_IDS = {"user_id_type": "open_id", "department_id_type": "open_department_id"}
_PEOPLE_PER_CALL = "50"
_MOST_PER_CALL = "100"
_OUT_OF_RANGE = frozenset({"40004", "40014", "41050"})
_UNKNOWN = frozenset({"41012", "40008", "99992351", "99992361"})
_GONE = frozenset({"40008"})
_TOO_DEEP = "43010"
_NOT_THERE = ("is_resigned", "is_exited", "is_frozen", "is_unjoin")
_MOST_PAGES = 1000


class Directory:
    """The contacts half for one app."""

    edition: ClassVar[Edition] = FEISHU
    calls_per_s = 15.0  # 1,000 a minute and 50 a second for each call

    def __init__(
        self,
        app: App,
        credentials: Credentials,
        http: httpx.Client,
        tokens: AccessTokens,
        forms: Forms,
        clock: Clock,
    ) -> None:
        del forms, clock  # all halves of a provider are built alike
        self._client = Client(self.edition, app, credentials, http, tokens)
        self.before_call: Callable[[], None] = lambda: None
        where = f"at {self.edition.console_url} > the app > Permissions & Scopes (权限管理) and publish a version"
        self.field_notes: Mapping[str, str] = {
            "mobile": "No mobile numbers are visible, so look-up by mobile asks the platform each time: add "
            f"contact:user.phone:readonly {where}. 看不到手机号: 请添加该权限并发布版本.",
            "emails": "No e-mail addresses are visible, so look-up by e-mail asks the platform each time: add "
            f"contact:user.email:readonly {where}. 看不到邮箱: 请添加该权限并发布版本.",
        }

    def roots(self) -> Roots:
        """Return the departments and people of the app's range; one call for each besides the range itself."""
        department_ids: list[str] = []
        user_ids: list[str] = []
        for page in self._pages("read_contact_range", f"{_CONTACT}/scopes", {**_OPEN_IDS, "page_size": _MOST_PER_CALL}):
            department_ids += _words(page, "department_ids")
            user_ids += _words(page, "user_ids")
        departments = [self.department(each) or Department(each, "") for each in dict.fromkeys(department_ids)]
        people = [found.contact for each in dict.fromkeys(user_ids) if (found := self.person(each))]
        return Roots(tuple(departments), tuple(people))

    def departments(self, parent: str, cursor: str) -> Page[Department]:
        """Return all departments below one; one level where the platform finds that too many."""
        try:
            return self._children(parent, cursor, deep=True)
        except ProviderRejected as err:
            if err.vendor_code != _TOO_DEEP:
                return _unreadable(err)
        try:
            return self._children(parent, cursor, deep=False)
        except ProviderRejected as err:
            return _unreadable(err)

    def people(self, department: str, cursor: str) -> Page[Contact]:
        """Return who is directly in a department."""
        query = {**_OPEN_IDS, "department_id": department, "page_size": _PEOPLE_PER_CALL}
        try:
            data = self._get("list_people", f"{_CONTACT}/users/find_by_department", _behind(query, cursor))
        except ProviderRejected as err:
            return _unreadable(err)
        found = (_contact(each) for each in items(data, "items"))
        return Page(tuple(each for each in found if each), _next(data))

    def person(self, user_id: str) -> Person | None:
        """
        Return one person by open_id, None when unknown or out of range.

        The page of the call does not say which scope lets it tell departments, so they may be left out.
        """
        try:
            data = self._get("read_person", f"{_CONTACT}/users/{quote(user_id, safe='')}", _OPEN_IDS)
        except ProviderRejected as err:
            if err.vendor_code in _OUT_OF_RANGE | _UNKNOWN:
                return None
            raise
        shown = mapping(data, "user")
        contact = _contact(shown)
        departments = tuple(_words(shown, "department_ids")) if "department_ids" in shown else None
        return Person(contact, departments) if contact else None

    def department(self, department_id: str) -> Department | None:
        """Return one department by open_department_id (root: 0), None when unknown or out of range."""
        try:
            data = self._get("read_department", f"{_CONTACT}/departments/{quote(department_id, safe='')}", _OPEN_IDS)
        except ProviderRejected as err:
            if err.vendor_code in _OUT_OF_RANGE | _UNKNOWN:
                return None
            raise
        return _department(mapping(data, "department"), department_id)

    def groups(self) -> Page[Group]:
        """Return the user groups; two calls each for their people and departments."""
        found: list[Group] = []
        try:
            query = {"type": "1", "page_size": _MOST_PER_CALL}
            for page in self._pages("list_groups", f"{_CONTACT}/group/simplelist", query):
                for each in items(page, "grouplist"):
                    if group_id := word(each, "id"):
                        people, departments = (self._members(group_id, kind) for kind in ("user", "department"))
                        found.append(Group(group_id, prose(each, "name", limit=200), people, departments))
        except ProviderRejected as err:
            return _unreadable(err)
        return Page(tuple(found))

    def chats(self) -> Page[Chat]:
        """Return the groups that the app's bot is in."""
        found: list[Chat] = []
        try:
            for page in self._pages("list_chats", _CHATS, {"page_size": _MOST_PER_CALL}):
                found += [
                    Chat(chat_id, prose(each, "name", limit=200), prose(each, "description", limit=400))
                    for each in items(page, "items")
                    if (chat_id := word(each, "chat_id"))
                ]
        except ProviderRejected as err:
            return _unreadable(err)
        return Page(tuple(found))

    def _children(self, parent: str, cursor: str, *, deep: bool) -> Page[Department]:
        query = {**_OPEN_IDS, "fetch_child": "true" if deep else "false", "page_size": _PEOPLE_PER_CALL}
        path = f"{_CONTACT}/departments/{quote(parent, safe='')}/children"
        data = self._get("list_departments", path, _behind(query, cursor))
        found = tuple(_department(each, word(each, "open_department_id")) for each in items(data, "items"))
        return Page(tuple(each for each in found if each), _next(data), is_deep=deep)

    def _members(self, group_id: str, kind: str) -> tuple[str, ...]:
        path = f"{_CONTACT}/group/{quote(group_id, safe='')}/member/simplelist"
        id_type = "open_id" if kind == "user" else "open_department_id"
        query = {"member_type": kind, "member_id_type": id_type, "page_size": _MOST_PER_CALL}
        pages = self._pages("list_group_members", path, query)
        return tuple(
            found for page in pages for each in items(page, "memberlist") if (found := word(each, "member_id"))
        )

    def _pages(self, operation: str, path: str, query: Mapping[str, str]) -> Iterator[dict[str, Any]]:
        cursor = ""
        for _ in range(_MOST_PAGES):
            data = self._get(operation, path, _behind(query, cursor))
            yield data
            cursor = _next(data)
            if not cursor:
                return
        raise ProviderUnavailable(
            f"{operation}: the pages do not end. Check base_url and proxies.", provider=self.edition.provider
        )

    def _get(self, operation: str, path: str, query: Mapping[str, str]) -> dict[str, Any]:
        self.before_call()
        return self._client.call(operation, "GET", path, query=query)


def _unreadable(err: ProviderRejected) -> Page[Any]:
    """Return what a refusal of one thing means; a refusal of everything goes on."""
    if err.vendor_code in _GONE:
        return Page(is_gone=True)
    if err.operation in {"list_departments", "list_people"} and err.vendor_code not in _OUT_OF_RANGE:
        raise err
    return Page(unread=err.message)


def _contact(shown: Mapping[str, Any]) -> Contact | None:
    """Return a person; None for one without an id, and for one who cannot decide."""
    open_id, status = word(shown, "open_id"), mapping(shown, "status")
    if not open_id or any(status.get(flag) is True for flag in _NOT_THERE):
        return None
    emails = dict.fromkeys(word(shown, name, limit=254) for name in ("email", "enterprise_email"))
    english = prose(shown, "en_name", limit=200)
    return Contact(
        id=open_id,
        name=prose(shown, "name", limit=200),
        other_id=word(shown, "user_id"),
        emails=tuple(each for each in emails if "@" in each),
        mobile=normal_mobile(prose(shown, "mobile", limit=32)),
        job_number=prose(shown, "employee_no", limit=128).strip(),
        title=prose(shown, "job_title", limit=200),
        other_names=(english,) if english else (),
    )


def _department(shown: Mapping[str, Any], department_id: str) -> Department | None:
    if not department_id:
        return None
    return Department(department_id, prose(shown, "name", limit=200), word(shown, "parent_department_id"))


def _behind(query: Mapping[str, str], cursor: str) -> dict[str, str]:
    return {**query, "page_token": cursor} if cursor else dict(query)


def _next(data: Mapping[str, Any]) -> str:
    return word(data, "page_token", limit=1024) if data.get("has_more") is True else ""


def _words(data: Mapping[str, Any], name: str) -> list[str]:
    listed = data.get(name)
    return [found for each in listed if (found := word({"id": each}, "id"))] if isinstance(listed, list) else []
