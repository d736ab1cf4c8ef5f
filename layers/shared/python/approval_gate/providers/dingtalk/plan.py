"""
Which nodes stand for which stage, written into the form so that it can be read back.

The platform knows nodes with everyone (AND), any one (OR) or one person (NONE), in order; it has no node of several
people one after another. A SEQUENCE stage becomes that many nodes of one person each.

Node ids are the platform's and unknown before an instance exists, and the API tells no node's place in the flow. So
the plan stands beside the approval's id in the form's reference: `apr_01… [2,1+1+1,1]` is a stage of one node of two
people, a stage of three nodes of one, and a stage of one node of one. Forms cannot be edited after submission.

Source: DingTalk developer docs, "Create an approval instance", read 2026-02-28.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from approval_gate.domain.approval import Mode

if TYPE_CHECKING:
    from collections.abc import Sequence

    from approval_gate.domain.approval import Identity, Stage

__all__ = ["MOST_NODES", "MOST_PEOPLE_PER_NODE", "Node", "Plan", "nodes_of", "read_reference", "reference"]

MOST_NODES = 20
MOST_PEOPLE_PER_NODE = 20
"""From the page of the older create call; the newer one states no number."""

_REFERENCE = re.compile(r"(\S{1,64}) \[([0-9]{1,2}(?:[+,][0-9]{1,2}){0,19})\]")


@dataclass(frozen=True, slots=True)
class Node:
    """One node of the platform: who is asked at the same time, and for which stage."""

    stage: int
    mode: Mode
    people: tuple[Identity, ...]


@dataclass(frozen=True, slots=True)
class Plan:
    """
    What a reference says of the flow.

    Args:
        stages: for each node, in order, the stage it stands for.
        sizes: for each node how many people it asks.
    """

    stages: tuple[int, ...]
    sizes: tuple[int, ...]

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read `2,1+1+1,1`."""
        nodes = [(stage, int(size)) for stage, sizes in enumerate(text.split(",")) for size in sizes.split("+")]
        return cls(tuple(stage for stage, _ in nodes), tuple(size for _, size in nodes))


def nodes_of(stages: Sequence[Stage]) -> tuple[Node, ...]:
    """Return the platform's nodes for the stages, in order."""
    nodes: list[Node] = []
    for number, stage in enumerate(stages):
        if stage.mode is Mode.SEQUENCE:
            nodes += [Node(number, stage.mode, (person,)) for person in stage.approvers]
        else:
            nodes.append(Node(number, stage.mode, stage.approvers))
    return tuple(nodes)


def reference(approval_id: str, stages: Sequence[Stage]) -> str:
    """Return what the form's reference field holds."""
    nodes = nodes_of(stages)
    sizes = ["+".join(str(len(node.people)) for node in nodes if node.stage == n) for n in range(len(stages))]
    return f"{approval_id} [{','.join(sizes)}]"


def read_reference(text: str) -> tuple[str, Plan | None]:
    """Return the approval's id and the plan; nothing and None when the text is none of ours."""
    match = _REFERENCE.fullmatch(text.strip())
    return (match[1], Plan.parse(match[2])) if match else ("", None)
