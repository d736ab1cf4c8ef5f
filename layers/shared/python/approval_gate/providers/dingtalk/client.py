"""
Calls to the platform: access token, time limits, errors. The only module of this provider that speaks HTTP.

There is no retry here but one: a call whose access token was refused is repeated once with a fresh token. It was not
executed, so this is safe for creations too. Everything else is for the state machine to try again.

The repetition is written out instead of being an `httpx.Auth` flow: every try is a call to the platform, has its own
line in the log and its own time.

Source: DingTalk developer docs, "Server API calling guide", "Obtain the access token of an internal app", read
2026-02-28. That a token of the newer call is good for the older host too was seen in others' production code.
"""

from __future__ import annotations

import logging
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import httpx

from approval_gate.errors import ProviderRejected, ProviderUnavailable
from approval_gate.http_log import hide_queries
from approval_gate.providers.dingtalk.answers import Answer, read_answer
from approval_gate.providers.dingtalk.errcodes import PROVIDER, Complaint, error_for, is_token_refused

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from approval_gate.ports import AccessTokens, App, Clock
    from approval_gate.providers.dingtalk.credentials import Credentials

__all__ = ["Answered", "Client"]

_logger = logging.getLogger(__name__)
_API = "https://api.dingtalk.com"
_OLDER_API = "https://oapi.dingtalk.com"
_TIMEOUT = httpx.Timeout(10.0, connect=3.0)
_TOKEN_PATH = "/v1.0/oauth2/accessToken"  # noqa: S105 - a path, not a password
_TOKEN_MARGIN_S = 600
_TOKEN = re.compile(r"[!-~]{1,2048}")
_HEADERS = {"Content-Type": "application/json", "Accept": "application/json"}


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

    An app's `base_url` takes the place of both of the platform's hosts.

    Args:
        watch: told of every answer, good or bad.
    """

    def __init__(
        self,
        app: App,
        credentials: Credentials,
        http: httpx.Client,
        tokens: AccessTokens,
        clock: Clock,
        watch: Callable[[Answered], None] = lambda _: None,
    ) -> None:
        self._app_id = app.id
        base_url = app.base_url.rstrip("/")
        self._api, self._older_api = base_url or _API, base_url or _OLDER_API
        self._credentials = credentials
        self._http = http
        self._tokens = tokens
        self._clock = clock
        self._watch = watch
        hide_queries()  # the older API and robots have secrets there

    def call(
        self,
        operation: str,
        method: str,
        path: str,
        *,
        body: Mapping[str, Any] | None = None,
        query: Mapping[str, str] | None = None,
    ) -> Mapping[str, Any]:
        """
        Make one call of the newer API and return the answer's object.

        Args:
            operation: our name of the call, for errors and logs.
            path: from `/v1.0` on.

        Raises:
            ProviderRejected, ProviderUnavailable: see `errcodes`. After ProviderUnavailable, unless throttled, the
                call may have been executed.
        """

        def request(token: str) -> httpx.Request:
            headers = _HEADERS | {"x-acs-dingtalk-access-token": token}
            return self._request(method, self._api + path, body, query, headers)

        return self._with_token(operation, request)

    def call_older(self, operation: str, path: str, body: Mapping[str, Any]) -> Mapping[str, Any]:
        """Make one call of the older API (`/topapi/…`), which wants its token in the query; else as `call`."""

        def request(token: str) -> httpx.Request:
            return self._request("POST", self._older_api + path, body, {"access_token": token}, _HEADERS)

        return self._with_token(operation, request)

    def post(self, operation: str, url: str, query: Mapping[str, str], body: Mapping[str, Any]) -> Mapping[str, Any]:
        """Post to an address that has its secret in the query and knows no access token; else as `call`."""
        answer = self._exchange(operation, lambda: self._request("POST", url, body, query, _HEADERS))
        return _body(operation, answer)

    def sign_in(self) -> None:
        """
        Make sure that there is an access token; one call, or none when the store has one.

        Raises:
            ProviderRejected, ProviderUnavailable: as for `call`.
        """
        self._tokens.get(self._fetch_token)

    def read_older(self, operation: str, path: str) -> Mapping[str, Any]:
        """Make one reading call of the older API; else as `call_older`."""

        def request(token: str) -> httpx.Request:
            return self._request("GET", self._older_api + path, None, {"access_token": token}, _HEADERS)

        return self._with_token(operation, request)

    def unavailable(self, operation: str, text: str, retry_after_s: float | None = None) -> ProviderUnavailable:
        """Return the error for an answer that says nothing certain."""
        error = ProviderUnavailable(f"{operation}: {text}.", provider=PROVIDER, operation=operation)
        error.retry_after_s = retry_after_s
        return error

    def rejected(self, operation: str, text: str) -> ProviderRejected:
        """Return the error for what will not work by trying again."""
        return ProviderRejected(f"{operation}: {text}.", provider=PROVIDER, operation=operation)

    def _with_token(self, operation: str, request: Callable[[str], httpx.Request]) -> Mapping[str, Any]:
        token = self._tokens.get(self._fetch_token)
        answer = self._exchange(operation, lambda: request(token))
        if is_token_refused(answer.http_status, answer.code):
            self._tokens.drop(token)
            fresh = self._tokens.get(self._fetch_token)
            answer = self._exchange(operation, lambda: request(fresh))
        return _body(operation, answer)

    def _fetch_token(self) -> tuple[str, float]:
        """Return an access token and its life less a margin, in seconds."""
        fields = {"appKey": self._credentials.app_key, "appSecret": self._credentials.app_secret}
        exchanged = self._exchange(
            "fetch_token", lambda: self._request("POST", self._api + _TOKEN_PATH, fields, None, _HEADERS)
        )
        answer = _body("fetch_token", exchanged)
        token, life_s = answer.get("accessToken"), answer.get("expireIn")
        if not isinstance(token, str) or not _TOKEN.fullmatch(token) or type(life_s) is not int or life_s <= 0:
            raise self.unavailable("fetch_token", "the answer holds no access token; check base_url")
        # Asking again within its life returns the same token with a new life. Half of the life serves platforms that
        # hand out short ones.
        return token, float(max(life_s - _TOKEN_MARGIN_S, life_s / 2))

    def _request(
        self,
        method: str,
        url: str,
        body: Mapping[str, Any] | None,
        query: Mapping[str, str] | None,
        headers: Mapping[str, str],
    ) -> httpx.Request:
        return self._http.build_request(method, url, json=body, params=query, headers=headers, timeout=_TIMEOUT)

    def _exchange(self, operation: str, request: Callable[[], httpx.Request]) -> Answer:
        """Send one request and read its answer, success or not."""
        started = self._clock()
        try:
            response = self._http.send(request(), follow_redirects=False)
        except httpx.TimeoutException as err:
            self._log(operation, started, 0, "timeout")
            raise self.unavailable(operation, "DingTalk did not answer in time") from err
        except (httpx.UnsupportedProtocol, httpx.InvalidURL) as err:
            raise self.rejected(operation, "the base_url of the app is not an http(s) address; correct it") from err
        except httpx.HTTPError as err:
            self._log(operation, started, 0, "unreachable")
            raise self.unavailable(operation, "DingTalk could not be reached; check base_url and the network") from err
        answer = read_answer(response.status_code, response.content)
        self._log(operation, started, answer.http_status, answer.code)
        self._watch(Answered(response.headers.get("date", ""), answer.complaint))
        return answer

    def _log(self, operation: str, started: datetime, status: int, vendor_code: str) -> None:
        facts = {
            "provider": PROVIDER,
            "operation": operation,
            "app": self._app_id,
            "status": status,
            "vendor_code": vendor_code,
            "took_ms": round((self._clock() - started).total_seconds() * 1000, 1),
        }
        _logger.info("provider_call", extra=facts)


def _body(operation: str, answer: Answer) -> Mapping[str, Any]:
    if answer.complaint is not None:
        raise error_for(operation, answer.complaint)
    return answer.body
