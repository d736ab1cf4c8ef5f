"""Our ids of a definition's nodes, and back."""

from __future__ import annotations

import re

__all__ = ["node_id", "stage_of"]

_NODE = re.compile(r"APPROVAL_NODE_([0-9]{1,2})")


def node_id(stage: int) -> str:
    """Return our id of a stage's node; it comes back as `custom_node_id` and `custom_key`."""
    return f"APPROVAL_NODE_{stage}"


def stage_of(custom_id: str) -> int | None:
    """Return the stage that a node of ours stands for."""
    match = _NODE.fullmatch(custom_id)
    return int(match[1]) if match else None
