"""Inputs in a form to keep: one JSON file each in `kept/`, replayed before anything new is tried."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from approval_gate.web import WebRequest

__all__ = ["KEPT", "Case", "kept_cases"]

KEPT = Path(__file__).parent / "kept"


@dataclass(frozen=True, slots=True)
class Case:
    """
    One input.

    Args:
        kit: whose receiver gets it.
        why: what it is about, or once did.
        tells: ids of the approvals that the events may be about; None when it must be refused.
        credentials: what differs from the kit's own.
    """

    kit: str
    why: str
    request: WebRequest
    tells: tuple[str, ...] | None
    credentials: dict[str, str]

    @classmethod
    def read(cls, path: Path) -> Case:
        """Read one file."""
        kept: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        given = kept["request"]
        body = base64.b64decode(given["body_base64"])
        request = WebRequest(given["method"], headers=given["headers"], query=given["query"], body=body)
        tells = None if kept["tells"] is None else tuple(kept["tells"])
        return cls(kept["kit"], kept["why"], request, tells, kept.get("credentials", {}))

    def text(self) -> str:
        """Return what `read` reads."""
        request = {
            "method": self.request.method,
            "headers": dict(self.request.headers),
            "query": dict(self.request.query),
            "body_base64": base64.b64encode(self.request.body).decode(),
        }
        tells = None if self.tells is None else list(self.tells)
        kept = {"kit": self.kit, "why": self.why, "tells": tells, "credentials": self.credentials, "request": request}
        return json.dumps(kept, indent=2)


def kept_cases() -> list[Path]:
    """Return the files of all kept inputs."""
    return sorted(KEPT.glob("*.json"))
