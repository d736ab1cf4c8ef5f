"""
A watch over the whole test run: no secret in any log, answer or history.

It learns every secret by value: what any test stores in Secrets Manager, the kits' credentials, and API tokens and
webhook secrets when they are shown, the one time they are. Then it looks for them in every answer of an API function,
in what every test writes (logs go to standard output), and in every item of every table when its test ends.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from http import HTTPStatus
from typing import Any

__all__ = ["WATCH", "SecretFound", "SecretWatch"]

_SHORTEST = 8
"""Shorter values are words that stand in many places."""
_SHOWN_ONCE = re.compile(r'"(?:token|secret)": ?"((?:agt_|whsec_)[^"]+)"')
_PUBLIC = frozenset({"app_id", "app_key", "agent_id", "corp_id", "template_id", "shop_id"})


class SecretFound(AssertionError):
    """A secret stands where none may. The message names the place, not the secret."""


class SecretWatch:
    """Knows secrets and looks for them."""

    def __init__(self) -> None:
        self._known: set[str] = set()
        self._pattern: re.Pattern[str] | None = None

    def learn(self, values: Iterable[str]) -> None:
        """Watch for these from now on."""
        new = {value for value in values if len(value) >= _SHORTEST} - self._known
        if new:
            self._known |= new
            self._pattern = None

    def learn_stored(self, secret_string: str) -> None:
        """Watch for what is put into Secrets Manager."""
        try:
            document = json.loads(secret_string)
        except ValueError:
            self.learn([secret_string])
            return
        # A webhook secret is stored a moment before the one answer that shows it; it is learnt there.
        self.learn(value for value in _secrets_of(document) if not value.startswith("whsec_"))

    def learn_credentials(self, credentials: Mapping[str, str]) -> None:
        """Watch for the secret ones of an app's credentials."""
        self.learn(value for name, value in credentials.items() if name not in _PUBLIC)

    def check_answer(self, status: int, body: str) -> None:
        """
        Look through an answer of an API. What was just made may be shown in it, in its own field.

        Raises:
            SecretFound: a secret stands there.
        """
        if status == HTTPStatus.CREATED:
            self.learn(_SHOWN_ONCE.findall(body))
            body = _SHOWN_ONCE.sub("", body)
        self.check(body, "an answer of the API")

    def check(self, text: str, where: str) -> None:
        """
        Look through any text.

        Raises:
            SecretFound: a known secret stands there.
        """
        if not self._known or not text:
            return
        if self._pattern is None:
            self._pattern = re.compile("|".join(map(re.escape, sorted(self._known))))
        found = self._pattern.search(text)
        if found:
            start = max(found.start() - 60, 0)
            raise SecretFound(f"a secret stands in {where}, behind: {text[start : found.start()]!r}")


def _secrets_of(document: Any, name: str = "") -> Iterator[str]:
    if isinstance(document, str):
        if name not in _PUBLIC | {"updated_at", "until"}:
            yield document
    elif isinstance(document, dict):
        for key, value in document.items():
            yield from _secrets_of(value, key)
    elif isinstance(document, list):
        for value in document:
            yield from _secrets_of(value, name)


WATCH = SecretWatch()
"""The one of this process."""
