"""
Calls to the platform: access token, time limits, errors. The only module of this provider that speaks HTTP.

There is no retry here but one: a call whose access token was refused is repeated once with a fresh token. It was not
executed, so this is safe for creations too. Everything else is for the state machine to try again.

Source: Feishu developer docs, "Get tenant_access_token (custom apps)", "Frequency control", read 2026-02-28.
"""

from __future__ import annotations

import logging
import re
from dataclasses import dataclass
from ipaddress import IPv4Address
from typing import TYPE_CHECKING, Any

import httpx

from approval_gate.errors import ProviderError, ProviderRejected, ProviderUnavailable
from approval_gate.providers.feishu.errcodes import IP_DENIED, TOKEN_REFUSED, Complaint, error_for
from approval_gate.untrusted import items, json_object, mapping, prose, word

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Mapping

    from approval_gate.ports import AccessTokens, App
    from approval_gate.providers.feishu.credentials import Credentials
    from approval_gate.providers.feishu.edition import Edition

__all__ = ["Answered", "Client"]

_logger = logging.getLogger(__name__)
_TIMEOUT = httpx.Timeout(10.0, connect=3.0)
_TOKEN_PATH = "/open-apis/auth/v3/tenant_access_token/internal"  # noqa: S105 - a path, not a password
_TOKEN_MARGIN_S = 600
_TOKEN = re.compile(r"[!-~]{1,2048}")
_IPV4 = re.compile(r"(?<![\w.])[0-9]{1,3}(?:\.[0-9]{1,3}){3}(?![\w.])")
_HEADERS = {"Content-Type": "application/json; charset=utf-8", "Accept": "application/json"}


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
    One app's calls, to its `base_url` if it has one: scheme, host and, behind a proxy, a path.

    Args:
        watch: told of every answer, whoever gave it.
    """

    def __init__(
        self,
        edition: Edition,
        app: App,
        credentials: Credentials,
        http: httpx.Client,
        tokens: AccessTokens,
        watch: Callable[[Answered], None] = lambda _: None,
    ) -> None:
        self._edition = edition
        self._watch = watch
        self._app_id = app.id
        self._base_url = (app.base_url or edition.api_base).rstrip("/")
        self._credentials = credentials
        self._http = http
        self._auth = _TenantToken(tokens, self._fetch_token)

    def call(
        self,
        operation: str,
        method: str,
        path: str,
        *,
        body: Mapping[str, Any] | None = None,
        query: Mapping[str, str] | None = None,
    ) -> dict[str, Any]:
        """
        Make one call and return the answer's `data`, empty if it has none.

        Args:
            operation: our name of the call, for errors.
            path: from `/open-apis` on; whatever was put into it is quoted already.

        Raises:
            ProviderRejected, ProviderUnavailable: see `errcodes`. After ProviderUnavailable the call may have been
                executed.
        """
        answer = self._exchange(operation, method, self._base_url + path, body=body, query=query, auth=self._auth)
        return mapping(answer, "data")

    def call_flat(self, operation: str, method: str, path: str) -> dict[str, Any]:
        """Make a call of an older interface, whose answer stands beside `code` instead of under `data`; see `call`."""
        return self._exchange(operation, method, self._base_url + path, body=None, query=None, auth=self._auth)

    def sign_in(self) -> None:
        """
        Make sure that there is an access token; one call, or none when the store has one.

        Raises:
            ProviderRejected, ProviderUnavailable: as for `call`.
        """
        self._auth.token()

    def call_hook(self, operation: str, url: str, body: Mapping[str, Any]) -> None:
        """
        Post to a custom bot's own address, which needs no access token and is itself the secret.

        Args:
            url: checked already, see `robots`; it appears in no error and no log.

        Raises:
            ProviderRejected, ProviderUnavailable: as for `call`; the platform answers errors with HTTP 200.
        """
        self._exchange(operation, "POST", url, body=body, query=None, auth=None)

    def _fetch_token(self) -> tuple[str, float]:
        """Return a tenant access token and its life less a margin, in seconds."""
        body = {"app_id": self._credentials.app_id, "app_secret": self._credentials.app_secret}
        url = self._base_url + _TOKEN_PATH
        answer = self._exchange("fetch_token", "POST", url, body=body, query=None, auth=None)
        token, life_s = answer.get("tenant_access_token"), answer.get("expire")
        if not isinstance(token, str) or not _TOKEN.fullmatch(token) or type(life_s) is not int or life_s <= 0:
            raise self._unavailable("fetch_token", "the answer holds no access token; check base_url")
        # The same token comes back while it has half an hour left, so the margin never starves us; half of the life
        # serves platforms that hand out short ones.
        return token, float(max(life_s - _TOKEN_MARGIN_S, life_s / 2))

    def _exchange(
        self,
        operation: str,
        method: str,
        url: str,
        *,
        body: Mapping[str, Any] | None,
        query: Mapping[str, str] | None,
        auth: httpx.Auth | None,
    ) -> dict[str, Any]:
        try:
            response = self._http.request(
                method,
                url,
                json=body,
                params=query,
                headers=_HEADERS,
                auth=auth,
                timeout=_TIMEOUT,
                follow_redirects=False,
            )
        except httpx.TimeoutException as err:
            raise self._unavailable(operation, "did not answer in time") from err
        except (httpx.UnsupportedProtocol, httpx.InvalidURL) as err:
            raise ProviderRejected(
                f"{operation}: the base_url of the app is not an http(s) address. Correct it.",
                provider=self._edition.provider,
                operation=operation,
            ) from err
        except httpx.HTTPError as err:
            raise self._unavailable(operation, "could not be reached; check base_url and the network") from err
        return self._read(operation, response)

    def _read(self, operation: str, response: httpx.Response) -> dict[str, Any]:
        answer = _json(response)
        code = _code(answer)
        # Counted against the platform's monthly quota by the template's metric filter.
        facts = {
            "provider": self._edition.provider,
            "operation": operation,
            "app": self._app_id,
            "status": response.status_code,
            "vendor_code": "" if code is None else str(code),
            "calls": 1 + len(response.history),  # a refused access token makes two
        }
        _logger.info("provider_call", extra=facts)
        complaint = None if code == 0 else _complaint(response, code, answer)
        self._watch(Answered(response.headers.get("date", ""), complaint))
        if complaint is None:
            return answer
        raise error_for(self._edition, operation, complaint)

    def _unavailable(self, operation: str, text: str) -> ProviderError:
        return ProviderUnavailable(
            f"{operation}: {self._edition.name} {text}.", provider=self._edition.provider, operation=operation
        )


class _TenantToken(httpx.Auth):
    """Put the access token on a request; when it is refused, fetch a fresh one and repeat exactly once."""

    requires_response_body = True

    def __init__(self, tokens: AccessTokens, fetch: Callable[[], tuple[str, float]]) -> None:
        self._tokens = tokens
        self._fetch = fetch

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response]:
        token = self.token()
        request.headers["Authorization"] = f"Bearer {token}"
        response = yield request
        if _code(_json(response)) in TOKEN_REFUSED:
            self._tokens.drop(token)
            request.headers["Authorization"] = f"Bearer {self.token()}"
            yield request

    def token(self) -> str:
        """Return a token that has time left."""
        return self._tokens.get(self._fetch)


def _json(response: httpx.Response) -> dict[str, Any]:
    """Return the answer's object; empty for a proxy's page, a plain `404 page not found` and the like."""
    try:
        return json_object(response.content)
    except ValueError:
        return {}


def _code(answer: Mapping[str, Any]) -> int | None:
    code = answer.get("code")
    return code if type(code) is int else None


def _complaint(response: httpx.Response, code: int | None, answer: Mapping[str, Any]) -> Complaint:
    error = mapping(answer, "error")
    return Complaint(
        http_status=response.status_code,
        code=code,
        request_id=_request_id(response, error),
        reset_s=response.headers.get("x-ogw-ratelimit-reset", ""),
        scopes=tuple(word(each, "subject") or word(each, "scope") for each in items(error, "permission_violations")),
        fields=tuple(word(each, "field") for each in items(error, "field_violations")),
        address=_denied_address(prose(answer, "msg")) if code == IP_DENIED else "",
    )


def _denied_address(text: str) -> str:
    """
    Return the IPv4 address that a refusal names; "" when it names none.

    That the text holds the address is not documented, only that such calls are refused.
    """
    for found in _IPV4.findall(text):
        try:
            return str(IPv4Address(found))
        except ValueError:
            continue
    return ""


def _request_id(response: httpx.Response, error: Mapping[str, Any]) -> str:
    headers = {"tt": response.headers.get("x-tt-logid"), "request": response.headers.get("x-request-id")}
    return word(headers, "tt") or word(headers, "request") or word(error, "log_id") or word(error, "logid")
