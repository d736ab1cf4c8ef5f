"""
Read answers of both APIs alike.

Newer API: HTTP status 2xx and the result itself, or 4xx/5xx and `{code, message, requestid, accessdenieddetail}`, with
keys in varying case. Older API: HTTP 200 and `{errcode, errmsg, request_id, sub_code}`; errcode 88 only wraps the true
code, which is in `sub_code` or in the text as `subcode=60020`.

Source: DingTalk developer docs, "Server API calling guide", "Server API error codes", read 2026-02-28; wire forms as
published by others.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any

from approval_gate.providers.dingtalk.errcodes import Complaint
from approval_gate.providers.dingtalk.reading import whole
from approval_gate.untrusted import json_object, mapping, prose, word

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

__all__ = ["Answer", "read_answer"]

_OK = range(200, 300)
_WRAPPER = "88"
_SUBCODE = re.compile(r"subcode=([0-9]{1,10})")
_ADDRESS = re.compile(r"[0-9a-fA-F:.]{3,45}")
_PERMISSION = re.compile(r"\b(?:qyapi_[a-z_]+|[A-Z]\w+(?:\.[A-Z]\w+)+)")


@dataclass(frozen=True, slots=True)
class Answer:
    """
    One answer.

    Args:
        body: the JSON object; empty for a page of a proxy and the like.
        complaint: why it is no success; None when it is one.
    """

    http_status: int
    body: Mapping[str, Any]
    complaint: Complaint | None

    @property
    def code(self) -> str:
        """The vendor's code, "" for success and for answers without one."""
        return self.complaint.code if self.complaint else ""


def read_answer(status: int, content: bytes) -> Answer:
    """Read an answer by its HTTP status and body; never fails."""
    try:
        body = json_object(content)
    except ValueError:
        return Answer(status, {}, Complaint(status, ""))
    if "errcode" in body:
        return Answer(status, body, _older(status, body))
    if body.get("punish") or whole(body, "status") == 1111:  # noqa: PLR2004 - the vendor's number for a blocked address
        return Answer(status, body, Complaint(status, "1111"))
    return Answer(status, body, None if status in _OK else _newer(status, body))


def _older(status: int, body: Mapping[str, Any]) -> Complaint | None:
    code = word(body, "errcode")
    if code == "0" and status in _OK:
        return None
    text = prose(body, "errmsg") + " " + prose(body, "sub_msg")
    if code == _WRAPPER:
        inside = _SUBCODE.search(text)
        code = word(body, "sub_code") or (inside[1] if inside else code)
    return Complaint(
        http_status=status,
        code=code,
        request_id=word(body, "request_id"),
        scopes=tuple(dict.fromkeys(_PERMISSION.findall(text))),
        address=_address_in(text),
    )


def _newer(status: int, body: Mapping[str, Any]) -> Complaint:
    lower = {name.lower(): value for name, value in body.items()}
    detail = {name.lower(): value for name, value in mapping(lower, "accessdenieddetail").items()}
    scopes = detail.get("requiredscopes")
    return Complaint(
        http_status=status,
        code=word(lower, "code"),
        request_id=word(lower, "requestid"),
        scopes=tuple(each for each in scopes if isinstance(each, str)) if isinstance(scopes, list) else (),
        address=_address_in(prose(lower, "message")),
    )


def _address_in(text: str) -> str:
    """Return the first IP address in a vendor's message: ours, as the platform sees it."""
    return next((found for found in _addresses(_ADDRESS.findall(text))), "")


def _addresses(candidates: Iterable[str]) -> Iterable[str]:
    for each in candidates:
        try:
            yield str(ip_address(each.strip(".:")))
        except ValueError:
            continue
