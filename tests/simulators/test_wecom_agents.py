"""An app's own description."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.simulators.wecom import NARROW, Wecom, wecom_serving


@pytest.fixture
def wecom(tmp_path: Path) -> Iterator[Wecom]:
    with wecom_serving(tmp_path / "wecom.db") as running:
        yield running


def test_an_app_reads_itself_with_its_visible_range(wecom: Wecom):
    wecom.register(contact_range={"departments": ["d-operations"], "people": ["lead"]})

    shown = wecom.data("agent/get", agentid="1000002")

    assert (shown["agentid"], shown["name"]) == (1000002, "Approval Gate")
    assert shown["allow_userinfos"] == {"user": [{"userid": "lead"}]}
    assert len(shown["allow_partys"]["partyid"]) == 1


def test_an_app_without_limits_sees_the_whole_company(wecom: Wecom):
    assert wecom.data("agent/get", agentid="1000002")["allow_partys"] == {"partyid": [1]}


@pytest.mark.parametrize(("agent_id", "code"), [("1000003", 301002), ("1999999", 40056), ("", 40056)])
def test_another_app_cannot_be_read(wecom: Wecom, agent_id: str, code: int):
    assert wecom.refusal("agent/get", agentid=agent_id) == code


def test_a_system_apps_secret_is_refused(wecom: Wecom):
    assert wecom.refusal("agent/get", app=NARROW, agentid="1000003") == 48002
