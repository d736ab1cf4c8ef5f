"""
The gate's API as the command line calls it: one token, problem documents as errors, and one policy for retries.

What may be sent twice is sent again with growing, jittered pauses until `patience_s` is over, `Retry-After` included.
What may not (issuing a token, say) is sent again only when it cannot have arrived, or was turned away unread (429).
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlsplit

import httpx

from cli import VERSION
from cli.exits import Misused, Refused, Unreachable
from cli.outside import Outside

__all__ = ["TOKEN", "URL", "WAITING_S", "Answer", "Gate", "path"]

URL, TOKEN = "APPROVAL_GATE_URL", "APPROVAL_GATE_TOKEN"
SHORT_S = 20.0
"""How long a single command tries to reach the gate."""
WAITING_S = 600.0
"""How long the gate may be away at a time before a command that waits for an outcome gives up."""

_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.5, 20.0
_TIMEOUT = httpx.Timeout(35.0, connect=10.0)  # the API itself ends after 30 s
_UNSENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)
_BUSY = frozenset({408, 500, 502, 503, 504})
_HINTS = {401: f"Check {TOKEN}: it must be a token of this gate that was not removed."}

type OnTrouble = Callable[[str, float], None]


def path(*parts: str) -> str:
    """Return a path of the API; each part is one segment whatever it contains."""
    return "/v1/" + "/".join(quote(part, safe="") for part in parts)


@dataclass(frozen=True, slots=True)
class Answer:
    """What the gate answered: a JSON object, and how long it wants to be left alone."""

    body: dict[str, Any]
    retry_after_s: float | None = None


@dataclass(frozen=True, slots=True)
class _Trouble:
    """Why there is no answer yet. `refusal` is what to raise in place of `Unreachable` when there is no time left."""

    reason: str
    retry_after_s: float | None = None
    refusal: Refused | None = None


class Gate:
    """
    One gate and one token of it.

    Args:
        on_trouble: hears why a request is sent again, and in how many seconds.

    Raises:
        Misused: the environment names no gate, or no token.
    """

    def __init__(self, outside: Outside, on_trouble: OnTrouble = lambda _reason, _pause_s: None) -> None:
        self._outside = outside
        self._on_trouble = on_trouble
        base_url, is_here = _address(outside.env.get(URL, ""))
        self._http = httpx.Client(
            base_url=base_url,
            transport=outside.transport,
            timeout=_TIMEOUT,
            trust_env=not is_here,  # a proxy does not reach this machine
            headers={
                "authorization": f"Bearer {_token(outside.env.get(TOKEN, ''))}",
                "user-agent": f"approval-gate/{VERSION}",
                "accept": "application/json, application/problem+json",
            },
        )

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def get(self, url: str, query: Mapping[str, object] | None = None, *, patience_s: float = SHORT_S) -> Answer:
        """Read something. Raises as `send`."""
        return self.send("GET", url, query=query, patience_s=patience_s)

    def send(  # noqa: PLR0913 - the parts of a request, and how it may be repeated
        self,
        method: str,
        url: str,
        body: Mapping[str, Any] | None = None,
        *,
        query: Mapping[str, object] | None = None,
        idempotency_key: str = "",
        repeatable: bool = True,
        patience_s: float = SHORT_S,
    ) -> Answer:
        """
        Send a request, again if need be, and return the answer.

        Args:
            repeatable: sending it twice does what sending it once does.

        Raises:
            Refused: the gate said no.
            Misused: there is no gate at this address.
            Unreachable: no answer of a gate within `patience_s`.
        """
        query_text = {name: _text(value) for name, value in (query or {}).items() if value not in (None, "")}
        request = self._http.build_request(
            method,
            url,
            json=body,
            params=query_text or None,
            headers={"idempotency-key": idempotency_key} if idempotency_key else None,
        )
        began, tries = self._outside.monotonic_s(), 0
        while True:
            outcome = self._once(request, repeatable=repeatable)
            if isinstance(outcome, Answer):
                return outcome
            longest = min(_LONGEST_PAUSE_S, _FIRST_PAUSE_S * 2**tries)
            pause_s = max(longest * (0.5 + self._outside.chance() / 2), outcome.retry_after_s or 0.0)
            if self._outside.monotonic_s() - began + pause_s > patience_s:
                raise outcome.refusal or Unreachable(
                    f"The gate at {self._http.base_url.netloc.decode()} does not answer: {outcome.reason}. "
                    f"Check {URL} and the network, then run the command again."
                )
            self._on_trouble(outcome.reason, pause_s)
            self._outside.pause(pause_s)
            tries += 1

    def _once(self, request: httpx.Request, *, repeatable: bool) -> Answer | _Trouble:
        try:
            response = self._http.send(request)
        except httpx.TransportError as err:
            reason = f"no answer ({type(err).__name__})" if not str(err) else f"{err} ({type(err).__name__})"
            if repeatable or isinstance(err, _UNSENT):
                return _Trouble(reason)
            raise Unreachable(
                f"The connection broke: {reason}. Whether it was done is unknown: list what is there before you repeat."
            ) from err
        except (httpx.InvalidURL, httpx.DecodingError, ValueError) as err:
            raise Misused(f"{URL} does not lead to a gate: {err}") from err
        return _read(response, repeatable=repeatable)


def _read(response: httpx.Response, *, repeatable: bool) -> Answer | _Trouble:
    status, retry_after_s = response.status_code, _seconds(response.headers.get("retry-after", ""))
    document = _json_object(response)
    if response.is_success:
        if document is not None:
            return Answer(document, retry_after_s)
        reason = f"something else than a gate answered (HTTP {status}, {_kind(response)})"
        if repeatable:
            return _Trouble(reason)
        raise Unreachable(f"{reason}. Check {URL}.")
    if response.is_redirect:
        to = urlsplit(response.headers.get("location", "")).hostname or "another address"
        raise Misused(f"The gate's address redirects to {to}. Set {URL} to the final address.")
    refusal = _refusal(document or {}, status)
    if status == 429:
        # The gateway turns requests away before anybody reads them; the gate's own 429 is an answer like any other.
        return _Trouble("too many requests (HTTP 429)", retry_after_s, refusal if "code" in (document or {}) else None)
    if status in _BUSY:
        code = (document or {}).get("code")
        reason = f"HTTP {status}" + (f", {code}: {document.get('detail', '')}" if document and code else "")
        if repeatable:
            return _Trouble(reason, retry_after_s)
        raise Unreachable(f"The gate failed ({reason}). Whether it was done is unknown: list what is there first.")
    if document is None or "code" not in document:
        hint = "Its address is right when `/v1/apps` below it answers." if status == 404 else ""
        raise Misused(f"No approval gate answered (HTTP {status}). Check {URL}. {hint}".rstrip())
    raise refusal


def _refusal(document: Mapping[str, Any], status: int) -> Refused:
    errors = [
        (str(each.get("field", "")), str(each.get("problem", "")))
        for each in document.get("errors") or []
        if isinstance(each, dict)
    ]
    approval = document.get("approval")
    detail = str(document.get("detail") or document.get("title") or f"HTTP {status}")
    return Refused(
        f"{detail} {_HINTS.get(status, '')}".rstrip(),
        code=str(document.get("code", "refused")),
        status=status,
        errors=errors,
        approval=approval if isinstance(approval, dict) else None,
    )


def _json_object(response: httpx.Response) -> dict[str, Any] | None:
    if response.status_code == 204:
        return {}
    try:
        found = response.json()
    except ValueError:
        return None
    return found if isinstance(found, dict) else None


def _kind(response: httpx.Response) -> str:
    return str(response.headers.get("content-type", "")).partition(";")[0] or "no content type"


def _seconds(text: str) -> float | None:
    return float(text) if re.fullmatch(r"\d{1,6}", text.strip()) else None


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _address(text: str) -> tuple[str, bool]:
    """Return the gate's address, and whether it is on this machine."""
    url = text.strip().rstrip("/")
    if not url:
        raise Misused(f"Which gate? Set {URL} to its address: the output ApiUrl of the stack.")
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        parts, host = urlsplit(""), ""
    if parts.scheme not in {"http", "https"} or not host or parts.query or parts.fragment or parts.username:
        raise Misused(f"{URL} must be an address such as https://gate.example.com.")
    is_here = host == "localhost" or _is_loopback(host)
    if parts.scheme == "http" and not is_here:
        raise Misused(f"{URL} must begin with https://, or everybody on the way could read the token.")
    return url, is_here


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _token(text: str) -> str:
    token = text.strip()
    if not token:
        raise Misused(f"Whose gate? Set {TOKEN} to an API token (agt_…).")
    if not re.fullmatch(r"[!-~]+", token):
        raise Misused(f"{TOKEN} contains something that is in no token. Copy it again.")
    return token
