"""The page for people, on WeCom: inbox, approve, reject with a comment, transfer, messages."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.simulators.wecom import ALL, ANY, SEQUENCE, Wecom, people_of, textarea, wecom_serving


@pytest.fixture
def wecom(tmp_path: Path) -> Iterator[Wecom]:
    with wecom_serving(tmp_path / "wecom.db") as running:
        yield running


def page(wecom: Wecom, query: str = "") -> str:
    answer = wecom.http.get(f"/?{query}")
    assert answer.status_code == 200
    return answer.text


def press(wecom: Wecom, sp_no: str, person: str, decision: str, **more: str) -> str:
    form = {"ref": sp_no, "as": person, "decision": decision, "open": sp_no, "tab": "inbox", **more}
    answer = wecom.http.post("/ui/decide", data=form)
    assert answer.status_code == 303
    return answer.headers["location"]


def test_who_is_asked_sees_it_and_who_is_not_does_not(wecom: Wecom):
    sp_no = wecom.apply((SEQUENCE, ["lead", "qa"]))

    assert sp_no in page(wecom, "as=lead&tab=inbox")
    assert sp_no not in page(wecom, "as=qa&tab=inbox")
    assert sp_no in page(wecom, "as=dev&tab=started")


def test_buttons_decide(wecom: Wecom):
    sp_no = wecom.apply((ALL, ["lead", "qa"]), (ANY, ["ops"]))

    press(wecom, sp_no, "lead", "transfer", to_transfer="release", comment="yours")
    press(wecom, sp_no, "release", "approve", comment="fine")
    press(wecom, sp_no, "qa", "reject", comment="no rollback plan")

    info = wecom.read(sp_no)
    assert (info["sp_status"], people_of(info)[0]) == (3, [("lead", 4), ("release", 2), ("qa", 3)])
    assert "no rollback plan" in page(wecom, f"as=qa&tab=done&open={sp_no}")


def test_a_refusal_is_shown(wecom: Wecom):
    assert "error=" in press(wecom, wecom.apply(), "qa", "approve")


@pytest.mark.parametrize("actions", [["approve"], ["reject"], ["withdraw"], ["approve", "revert"], ["delete"]])
def test_every_end_is_shown_in_both_languages(wecom: Wecom, actions: list[str]):
    nodes = [{"type": 1, "apv_rel": 2, "userid": ["lead", "qa"]}, {"type": 2, "userid": ["oncall"]}]
    sp_no = wecom.apply(process={"node_list": nodes})
    for action in actions:
        wecom.decide(sp_no, action)

    assert "第 1 步" in page(wecom, f"as=lead&lang=zh&open={sp_no}")
    assert "Step 1" in page(wecom, f"as=lead&lang=en&open={sp_no}")
    assert sp_no in page(wecom, "as=oncall&tab=copied")


def test_what_people_typed_is_escaped(wecom: Wecom):
    evil = "<script>alert(1)</script><img src=x onerror=alert(2)>"
    sp_no = wecom.apply(apply_data={"contents": [textarea(evil)]})
    wecom.decide(sp_no, "comment", "lead", comment=evil)
    wecom.decide(sp_no, "approve", "lead", comment=evil)
    body = {"touser": "lead", "msgtype": "text", "agentid": 1000002, "text": {"content": evil}}
    wecom.data("message/send", body)

    for query in (f"as=lead&tab=done&open={sp_no}", "as=lead&tab=messages"):
        shown = page(wecom, query)
        assert "alert(1)" in shown
        assert "<script>alert" not in shown
        assert "<img src=x" not in shown
