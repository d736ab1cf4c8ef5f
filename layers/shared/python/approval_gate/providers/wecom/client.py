"""
Calls to the platform: access token, errors. The only module of this provider that speaks HTTP.

There is no retry here but one: a call whose access token was refused is repeated once with a fresh token. Everything
else is for the state machine to try again; a refused secret never is, since guessing secrets has the address banned.

The platform takes the token in the query only, and the secret when a token is fetched. So no address of a call is ever
logged: not by us, and what httpx logs of these calls loses its query here.

Source: WeCom developer docs, "Get access_token", "Global error codes", read 2026-02-28.
"""

from __future__ import annotations

import logging
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import httpx

from approval_gate.errors import ProviderError, ProviderRejected, ProviderUnavailable
from approval_gate.http_log import hide_queries
from approval_gate.providers.wecom.documents import Element, json_document
from approval_gate.providers.wecom.errcodes import TOKEN_REFUSED, Complaint, error_for

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from approval_gate.ports import AccessTokens, Clock
    from approval_gate.providers.wecom.credentials import Credentials

__all__ = ["Answered", "Client"]

_logger = logging.getLogger(__name__)

_TOKEN_PATH = "/cgi-bin/gettoken"  # noqa: S105 - a path, not a password
_TOKEN_MARGIN_S = 300
_TOKEN = re.compile(r"[!-~]{1,512}")
_NUMBER = re.compile(r"-?[0-9]{1,9}")
_NO_ANSWER = 0


@dataclass(frozen=True, slots=True)
class _Answer:
    """One HTTP answer. `code` is None when the body is not the platform's."""

    http_status: int
    code: int | None
    document: Element

    @property
    def complaint(self) -> Complaint | None:
        """Return what is wrong, None for success."""
        if self.code == 0:
            return None
        return Complaint(self.http_status, self.code, self.document.prose("errmsg"))


@dataclass(frozen=True, slots=True)
class Answered:
    """
    What is worth knowing of an answer besides its data.

    Args:
        date: the header `Date`, as sent; "" where there is none.
        complaint: None when the call succeeded.
    """

    date: str
    complaint: Complaint | None


class Client:
    """
    One app's calls.

    Args:
        app_id: our id of the app, for the log.
        base_url: scheme, host and, behind a proxy, a path; without a slash at the end.
        http: shared; has its own time limits.
        clock: how long a call took.
        watch: told of every answer, good or bad.
    """

    def __init__(  # noqa: PLR0913 - what a client is made of
        self,
        app_id: str,
        base_url: str,
        *,
        credentials: Credentials,
        http: httpx.Client,
        tokens: AccessTokens,
        clock: Clock,
        watch: Callable[[Answered], None] = lambda _: None,
    ) -> None:
        self._watch = watch
        self._app_id = app_id
        self._base_url = base_url
        self._credentials = credentials
        self._http = http
        self._tokens = tokens
        self._clock = clock
        hide_queries()

    def call(self, operation: str, path: str, body: Mapping[str, Any]) -> Element:
        """
        Make one call and return the answer.

        Args:
            operation: our name of the call, for errors and the log.
            path: from `/cgi-bin` on.

        Raises:
            ProviderRejected, ProviderUnavailable: see `errcodes`. After ProviderUnavailable the call may have been
                executed.
        """
        return self._with_token(operation, "POST", path, {}, body)

    def read(self, operation: str, path: str, query: Mapping[str, str]) -> Element:
        """Make one call that takes its arguments in the query; else as `call`."""
        return self._with_token(operation, "GET", path, query, None)

    def sign_in(self) -> None:
        """
        Make sure that there is an access token; one call, or none when the store has one.

        Raises:
            ProviderRejected, ProviderUnavailable: as for `call`.
        """
        self._tokens.get(self._fetch_token)

    def post(self, operation: str, url: str, query: Mapping[str, str], body: Mapping[str, Any]) -> Element:
        """Post to an address that has its secret in the query and knows no access token; else as `call`."""
        return _checked(operation, self._exchange(operation, "POST", url, query, body))

    def _with_token(
        self, operation: str, method: str, path: str, query: Mapping[str, str], body: Mapping[str, Any] | None
    ) -> Element:
        url = self._base_url + path
        token = self._tokens.get(self._fetch_token)
        answer = self._exchange(operation, method, url, {**query, "access_token": token}, body)
        if answer.code in TOKEN_REFUSED:
            self._tokens.drop(token)
            token = self._tokens.get(self._fetch_token)
            answer = self._exchange(operation, method, url, {**query, "access_token": token}, body)
        return _checked(operation, answer)

    def _fetch_token(self) -> tuple[str, float]:
        """Return an access token and its life less a margin, in seconds."""
        query = {"corpid": self._credentials.corp_id, "corpsecret": self._credentials.secret}
        url = self._base_url + _TOKEN_PATH
        document = _checked("fetch_token", self._exchange("fetch_token", "GET", url, query, None))
        token, life = document.word("access_token", limit=512), document.word("expires_in")
        if not _TOKEN.fullmatch(token) or not _NUMBER.fullmatch(life) or int(life) <= 0:
            raise _unavailable("fetch_token", "the answer holds no access token; check base_url")
        # Half of the life serves platforms that hand out short ones.
        return token, max(int(life) - _TOKEN_MARGIN_S, int(life) / 2)

    def _exchange(
        self, operation: str, method: str, url: str, query: Mapping[str, str], body: Mapping[str, Any] | None
    ) -> _Answer:
        started = self._clock()
        try:
            response = self._http.request(method, url, params=query, json=body, follow_redirects=False)
        except (httpx.UnsupportedProtocol, httpx.InvalidURL):
            # Not `from err`: what failed to parse is the address.
            raise ProviderRejected(
                f"{operation}: the base_url of the app is not an http(s) address. Correct it.",
                provider="wecom",
                operation=operation,
            ) from None
        except httpx.HTTPError as err:
            self._log(operation, _NO_ANSWER, type(err).__name__, started)
            what = "did not answer in time" if isinstance(err, httpx.TimeoutException) else "could not be reached"
            raise _unavailable(operation, f"WeCom {what}; check base_url and the network") from err
        answer = _read(response)
        self._log(operation, answer.http_status, "" if answer.code is None else str(answer.code), started)
        self._watch(Answered(response.headers.get("date", ""), answer.complaint))
        return answer

    def _log(self, operation: str, status: int, vendor_code: str, started: datetime) -> None:
        """Write the line that is counted against the platform's limits."""
        took = self._clock() - started
        extra = {
            "provider": "wecom",
            "operation": operation,
            "app": self._app_id,
            "status": status,
            "vendor_code": vendor_code,
            "took_ms": round(took.total_seconds() * 1000, 1),
        }
        _logger.info("provider_call", extra=extra)


def _read(response: httpx.Response) -> _Answer:
    try:
        document = json_document(response.content)
    except ValueError:
        # A proxy's page, a plain 404 and the like.
        return _Answer(response.status_code, None, Element())
    text = document.word("errcode")
    if text:
        code = int(text) if _NUMBER.fullmatch(text) else None
    else:
        # Some answers of the platform say nothing where all is well.
        code = 0 if response.status_code == httpx.codes.OK else None
    return _Answer(response.status_code, code, document)


def _checked(operation: str, answer: _Answer) -> Element:
    if answer.complaint is None:
        return answer.document
    raise error_for(operation, answer.complaint)


def _unavailable(operation: str, text: str) -> ProviderError:
    return ProviderUnavailable(f"{operation}: {text}.", provider="wecom", operation=operation)
