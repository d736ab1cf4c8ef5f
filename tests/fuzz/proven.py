"""How each kit's platform proves a document: taken off a true request, changed, and sealed and signed again."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from random import Random

from approval_gate.ports import Receiver
from approval_gate.web import WebRequest
from tests.fuzz.documents_mutations import mutated_json, mutated_xml
from tests.kits import Kit
from tests.kits.dingtalk import DingTalkKit
from tests.kits.feishu import FeishuKit
from tests.kits.wecom import WecomKit

__all__ = ["Proof", "proofs_of"]

type Mutation = Callable[[Random, bytes, str, frozenset[str]], bytes]

_SEALED_XML = re.compile(rb"<Encrypt><!\[CDATA\[(.*?)\]\]></Encrypt>")


@dataclass(frozen=True, slots=True)
class Proof:
    """
    One way in which a kit proves what it sends.

    Args:
        receiver: takes requests proven in this way.
        document_of: what a true request of the kit holds inside.
        proven: makes a request of any bytes.
        mutated: changes a document as its format allows.
        refs: folded names under which ids of approvals belong, and names of objects that hold those.
    """

    receiver: Receiver
    document_of: Callable[[WebRequest], bytes]
    proven: Callable[[bytes], WebRequest]
    mutated: Mutation
    refs: frozenset[str]


def proofs_of(kit: Kit) -> tuple[Proof, ...]:
    """Return the ways that a kit has; none for a kit that cannot seal what it is given."""
    match kit:
        case FeishuKit():
            refs = frozenset({"instancecode", "event"})
            token_only = kit.receiver(encrypt_key="")
            return (
                Proof(
                    kit.receiver(), lambda request: kit._unsealed(request.body), kit.sealed_bytes, mutated_json, refs
                ),
                Proof(
                    token_only,
                    lambda request: kit._unsealed(request.body),
                    lambda plain: WebRequest("POST", body=plain),
                    mutated_json,
                    refs,
                ),
            )
        case DingTalkKit():
            refs = frozenset({"processinstanceid"})
            return (
                Proof(
                    kit.receiver(),
                    lambda request: kit.unseal(json.loads(request.body)["encrypt"])[0],
                    kit.sealed_bytes,
                    mutated_json,
                    refs,
                ),
            )
        case WecomKit():
            refs = frozenset({"spnostr", "spno", "thirdno", "approvalinfo"})
            return (Proof(kit.receiver(), lambda request: _opened(kit, request), kit.post, mutated_xml, refs),)
    return ()


def _opened(kit: WecomKit, request: WebRequest) -> bytes:
    found = _SEALED_XML.search(request.body)
    return kit.unsealed(found.group(1).decode() if found else request.query["echostr"])
