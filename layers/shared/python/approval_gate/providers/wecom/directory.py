"""
Read the people, departments and tags that an app may see.

One call tells all visible departments with their names, then one per department its people, without pages, and two or
more the tags. Mobile and e-mail are not told to apps made since 2022-06-20, so people are found by these through the
platform. People whom the app sees one by one, outside any visible department, are not listed by any call of an
ordinary app.

Source: WeCom developer docs, "Get department list", "Get department members (details)", "Get member", "Get tag list",
"Get tag members", read 2026-02-28.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from approval_gate.domain.contacts import Chat, Contact, Department, Group, normal_mobile
from approval_gate.errors import ProviderRejected
from approval_gate.ports.directory import Page, Person, Roots
from approval_gate.providers.wecom.client import Client
from approval_gate.providers.wecom.errcodes import PERSON_UNKNOWN
from approval_gate.providers.wecom.identities import is_userid

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import httpx

    from approval_gate.ports import AccessTokens, App, Clock, Forms
    from approval_gate.providers.wecom.credentials import Credentials
    from approval_gate.providers.wecom.documents import Element

__all__ = ["Directory"]

_BASE_URL = "https://qyapi.weixin.qq.com"
_LIST_DEPARTMENTS = "/cgi-bin/department/list"
_READ_DEPARTMENT = "/cgi-bin/department/get"
_LIST_PEOPLE = "/cgi-bin/user/list"
_READ_PERSON = "/cgi-bin/user/get"
_LIST_TAGS = "/cgi-bin/tag/list"
_READ_TAG = "/cgi-bin/tag/get"
_OUT_OF_RANGE = frozenset({"60011", "50002"})
_GONE = frozenset({"60003", "60123"})
_CANNOT_DECIDE = frozenset({"2", "5"})  # disabled, left


class Directory:
    """The contacts half for one app."""

    calls_per_s = 30.0  # a fifth of the 10,000 a minute that a company has for each call

    field_notes: Mapping[str, str] = {
        "mobile": "WeCom tells no mobile numbers to apps made since June 2022; look-up by mobile asks the platform. "
        "企业微信不向 2022 年 6 月后创建的应用提供手机号, 按手机号查找时将直接询问平台.",
        "emails": "WeCom tells no e-mail addresses to apps made since June 2022; look-up by e-mail asks the platform. "
        "企业微信不向 2022 年 6 月后创建的应用提供邮箱, 按邮箱查找时将直接询问平台.",
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
        base_url = (app.base_url or _BASE_URL).rstrip("/")
        self._client = Client(app.id, base_url, credentials=credentials, http=http, tokens=tokens, clock=clock)
        self.before_call: Callable[[], None] = lambda: None

    def roots(self) -> Roots:
        """Return every visible department."""
        return Roots(self._departments({}), is_deep=True)

    def departments(self, parent: str, cursor: str) -> Page[Department]:
        """Return all departments below one."""
        del cursor  # the platform tells all at once
        try:
            return Page(self._departments({"id": parent}), is_deep=True)
        except ProviderRejected as err:
            return _unreadable(err)

    def people(self, department: str, cursor: str) -> Page[Contact]:
        """Return who is directly in a department."""
        del cursor
        try:
            answer = self._read("list_people", _LIST_PEOPLE, {"department_id": department})
        except ProviderRejected as err:
            return _unreadable(err)
        return Page(tuple(found for each in answer.all("userlist") if (found := _contact(each))))

    def person(self, user_id: str) -> Person | None:
        """Return one person by userid, None when unknown or not visible."""
        try:
            contact = _contact(self._read("read_person", _READ_PERSON, {"userid": user_id}))
        except ProviderRejected as err:
            if err.vendor_code in PERSON_UNKNOWN | _OUT_OF_RANGE:
                return None
            raise
        return Person(contact) if contact else None

    def department(self, department_id: str) -> Department | None:
        """Return one department (the company is 1), None when unknown or not visible."""
        try:
            answer = self._read("read_department", _READ_DEPARTMENT, {"id": department_id})
        except ProviderRejected as err:
            if err.vendor_code in _GONE | _OUT_OF_RANGE:
                return None
            raise
        return _department(answer.first("department"))

    def groups(self) -> Page[Group]:
        """Return the tags with their members; one call each."""
        found: list[Group] = []
        try:
            for tag in self._read("list_tags", _LIST_TAGS, {}).all("taglist"):
                if tag_id := tag.word("tagid"):
                    told = self._read("read_tag", _READ_TAG, {"tagid": tag_id})
                    people = tuple(one.word("userid") for one in told.all("userlist") if is_userid(one.word("userid")))
                    departments = tuple(one.text for one in told.all("partylist") if one.text.isdecimal())
                    found.append(Group(tag_id, tag.prose("tagname", limit=200), people, departments))
        except ProviderRejected as err:
            return Page(unread=err.message)
        return Page(tuple(found))

    def chats(self) -> Page[Chat]:
        """Tell that they cannot be listed."""
        return Page(
            unread="WeCom does not let an app list group chats. Use the chatid of a chat that the app created, or a "
            "robot. 企业微信不支持列出群聊, 请填写应用所建群的 chatid 或使用群机器人."
        )

    def _departments(self, query: Mapping[str, str]) -> tuple[Department, ...]:
        answer = self._read("list_departments", _LIST_DEPARTMENTS, query)
        return tuple(found for each in answer.all("department") if (found := _department(each)))

    def _read(self, operation: str, path: str, query: Mapping[str, str]) -> Element:
        self.before_call()
        return self._client.read(operation, path, query)


def _unreadable(err: ProviderRejected) -> Page[Any]:
    """Return what a refusal of one department means; a refusal of everything goes on."""
    if err.vendor_code in _GONE:
        return Page(is_gone=True)
    if err.vendor_code in _OUT_OF_RANGE:
        return Page(unread=err.message)
    raise err


def _contact(shown: Element) -> Contact | None:
    """Return a person; None for one without a usable userid, and for one who cannot decide."""
    userid = shown.word("userid")
    if not is_userid(userid) or shown.word("status") in _CANNOT_DECIDE:
        return None
    emails = dict.fromkeys(shown.word(name, limit=254) for name in ("biz_mail", "email"))
    return Contact(
        id=userid,
        name=shown.prose("name", limit=200),
        other_id=userid.lower(),  # userids are equal without regard to case
        emails=tuple(each for each in emails if "@" in each),
        mobile=normal_mobile(shown.prose("mobile", limit=32)),
        title=shown.prose("position", limit=200),
        other_names=tuple(name for name in (shown.prose("english_name", limit=200),) if name),
    )


def _department(shown: Element) -> Department | None:
    number, parent = shown.word("id"), shown.word("parentid")
    if not number:
        return None
    return Department(number, shown.prose("name", limit=200), "" if parent in {"", "0"} else parent)
