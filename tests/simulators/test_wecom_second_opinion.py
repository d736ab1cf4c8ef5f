"""
The simulator's sealing and its documents against values that others computed.

The vectors were computed with another library and checked with two more implementations; one of them is the vendor's
own published sample.
"""

from __future__ import annotations

from typing import Any

import pytest

from local.simulators.frame.platform import Simulation
from local.simulators.wecom.details import Details
from local.simulators.wecom.documents import approval_event
from local.simulators.wecom.model import Application, Comment, Entry, Node
from local.simulators.wecom.rules import RULES
from local.simulators.wecom.sealing import opened, sealed, signature
from tests.simulators.wecom import spelt, vectors

VECTORS = vectors()
CONFIG = VECTORS["config"]
TRUE_CASES = [case for case in VECTORS["cases"] if "random16" in case]
VENDORS = VECTORS["vendor_sample"]


def sealed_text(case: dict[str, Any]) -> str:
    if "echostr" in case["query"]:
        return str(case["query"]["echostr"])
    body = case["raw_body"]
    marker = "<Encrypt><![CDATA[" if "<Encrypt>" in body else '"encrypt":"'
    return str(body.partition(marker)[2].replace('"', "]").partition("]")[0])


def plain(case: dict[str, Any]) -> str:
    expect = case["expect"]
    return str(expect["decrypted"] if "decrypted" in expect else expect["body"])


@pytest.mark.parametrize("case", TRUE_CASES, ids=lambda case: case["name"])
def test_sealing_gives_the_same_text_to_the_byte(case: dict[str, Any]):
    receiver = case["expect"].get("receive_id", CONFIG["corp_id"])

    text = sealed(plain(case).encode(), CONFIG["encoding_aes_key"], receiver, case["random16"].encode())

    assert text == sealed_text(case)
    query = case["query"]
    assert signature(CONFIG["token"], query["timestamp"], query["nonce"], text) == query["msg_signature"]


@pytest.mark.parametrize("case", VENDORS["cases"], ids=lambda case: case["name"])
def test_the_vendors_own_sample_opens(case: dict[str, Any]):
    config, query = VENDORS["config"], case["query"]
    text = sealed_text(case)

    message, receiver = opened(text, config["encoding_aes_key"])

    assert (message.decode(), receiver) == (plain(case), config["corp_id"])
    assert signature(config["token"], query["timestamp"], query["nonce"], text) == query["msg_signature"]


@pytest.mark.parametrize("reply", VECTORS["passive_replies"], ids=lambda reply: reply["name"])
def test_a_sealed_reply_opens(reply: dict[str, Any]):
    assert opened(reply["encrypt"], CONFIG["encoding_aes_key"]) == (reply["plaintext"].encode(), CONFIG["corp_id"])


def told(application: Application, change: int, at_s: int) -> str:
    simulation = Simulation(RULES, ":memory:")
    try:
        return approval_event(
            application,
            Details(simulation),
            change=change,
            corp_id=CONFIG["corp_id"],
            agent_id="3010040",
            at_s=at_s,
            with_process=True,
        )
    finally:
        simulation.store.close()


def application(first: Node, *, second: Node | None = None, status: int = 1) -> Application:
    second = second or Node(1, 2, [Entry("carol"), Entry("dave")])
    return Application(
        sp_no="202601150007",
        corp_id=CONFIG["corp_id"],
        app_id="",
        template_id="3TkaH5KFbrG9heEQWLJjhgpFwmqAFB4dLEnapaB7aaa",
        sp_name="流水线发布审批",
        applicant="ci.bot",
        department=2,
        apply_s=1768447800,
        listed_from_s=0,
        nodes=[first, second, Node(2, 0, [Entry("release.mgr")])],
        contents=[],
        summary=[],
        status=status,
    )


def expected(name: str) -> str:
    case = next(one for one in VECTORS["cases"] if one["name"] == f"sys_approval_change_{name}")
    return spelt(plain(case))


OPEN = [Entry("alice"), Entry("bob")]
PASSED = [Entry("alice", 2, "", 1768448000), Entry("bob", 2, "看起来没问题 LGTM", 1768448100)]


def test_the_documents_of_events_are_those_of_the_vectors():
    given = [Entry("alice", 4, "请 erin 看", 1768448010), Entry("erin"), Entry("bob")]
    done = Node(1, 2, [Entry("carol", 2, "同意发布 & go <prod>", 1768448300), Entry("dave")], 2)
    commented = application(Node(1, 1, OPEN))
    commented.comments = [Comment("6750538708562308220", "bob", "这是一个备注", 1768448030)]

    assert spelt(told(application(Node(1, 1, PASSED, 2)), 2, 1768448101)) == expected("agree_node1_done")
    assert spelt(told(application(Node(1, 1, PASSED, 2), second=done, status=2), 2, 1768448301)) == expected(
        "agree_final"
    )
    assert spelt(told(application(Node(1, 1, given)), 4, 1768448011)) == expected("transfer")
    assert spelt(told(application(Node(1, 1, OPEN), status=4), 6, 1768448060)) == expected("revoke")
    assert spelt(told(commented, 10, 1768448031)) == expected("comment")
