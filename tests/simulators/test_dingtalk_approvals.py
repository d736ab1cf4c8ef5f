"""Forms and instances: what is taken, how they move, what is told."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.simulators.dingtalk import (
    EXECUTE,
    FORMS,
    INSTANCES,
    NARROW,
    QUERY,
    TERMINATE,
    DingTalk,
    dingtalk_at,
    form_body,
    instance_body,
)

VISIBLE = "/v1.0/workflow/processes/userVisibilities/templates"
NAMED = "/v1.0/workflow/processCentres/schemaNames/processCodes"
SCHEMA = "/v1.0/workflow/forms/schemas/processCodes"
REDIRECT = "/v1.0/workflow/tasks/redirect"
COMMENTS = f"{INSTANCES}/comments"


@pytest.fixture
def dingtalk(tmp_path: Path) -> Iterator[DingTalk]:
    with dingtalk_at(tmp_path / "dingtalk.db") as simulator:
        yield simulator


@pytest.fixture
def code(dingtalk: DingTalk) -> str:
    return dingtalk.form()


def component(kind: str = "TextField", **props: Any) -> dict[str, Any]:
    return {"componentType": kind, "props": {"label": "Value", "componentId": "c", **props}}


def now_ms() -> int:
    return int(time.time() * 1000)


def tasks(dingtalk: DingTalk, ref: str) -> list[tuple[str, str, str]]:
    return [(one["userId"], one["status"], one.get("result", "")) for one in dingtalk.read(ref)["tasks"]]


# -- forms


def test_names_of_forms_are_unique_and_forms_are_found(dingtalk: DingTalk, code: str):
    assert re.fullmatch(r"PROC-[0-9A-F-]{36}", code)
    assert dingtalk.why("POST", FORMS, form_body()) == "formName.error"
    assert dingtalk.data("GET", NAMED, name="CI/CD approval")["result"]["processCode"] == code
    listed = dingtalk.data("GET", VISIBLE, maxResults=100, nextToken=0)["result"]
    assert [(one["name"], one["processCode"]) for one in listed["processList"]] == [("CI/CD approval", code)]
    schema = dingtalk.data("GET", SCHEMA, processCode=code)["result"]
    assert schema["schemaContent"]["items"][0]["props"]["label"] == "Details"
    assert dingtalk.why("GET", NAMED, name="other") == "process.error"
    assert dingtalk.why("GET", SCHEMA, processCode="PROC-0") == "processcode.error"


def test_named_look_up_may_not_know_official_forms(dingtalk: DingTalk, code: str):
    dingtalk.control("POST", "settings", {"named_lookup_finds_forms": 0})

    assert dingtalk.why("GET", NAMED, name="CI/CD approval") == "process.error"


def test_the_list_has_pages_and_leaves_hidden_forms_out(dingtalk: DingTalk):
    for number in range(5):
        dingtalk.form(f"form {number}", templateConfig={"hidden": number == 4})

    first = dingtalk.data("GET", VISIBLE, maxResults=3)["result"]
    rest = dingtalk.data("GET", VISIBLE, maxResults=3, nextToken=first["nextToken"])["result"]

    assert [one["name"] for one in first["processList"] + rest["processList"]] == [f"form {n}" for n in range(4)]
    assert "nextToken" not in rest
    assert dingtalk.why("GET", VISIBLE, maxResults=101) == "invalidParameter"


def test_a_form_is_changed_by_its_code(dingtalk: DingTalk, code: str):
    changed = form_body("Renamed", processCode=code, formComponents=[component()])

    assert dingtalk.data("POST", FORMS, changed)["result"]["processCode"] == code
    assert dingtalk.why("POST", FORMS, form_body("x", processCode="PROC-0")) == "processcode.error"
    dingtalk.form("CI/CD approval")  # the old name is free again
    dingtalk.control("POST", "apps", {"app_key": NARROW["appKey"], "scopes": None})
    assert dingtalk.why("POST", FORMS, changed, app=NARROW) == "permission.error"


@pytest.mark.parametrize(
    "components",
    [
        None,
        [],
        [{"componentType": "TextField"}],
        [{"componentType": "Unheard", "props": {"label": "x"}}],
        [component(label="a label of 21 chars!!")],
        [component(label="")],
        [component(), component(componentId="d")],
        [component(componentId="x" * 65)],
        [component(required="yes")],
        [component("DDSelectField")],
        [{**component(), "children": [component()]}],
    ],
)
def test_malformed_fields_are_refused(dingtalk: DingTalk, components: Any):
    assert dingtalk.why("POST", FORMS, form_body(formComponents=components)) == "formschema.error"


def test_an_organisation_has_two_hundred_forms(dingtalk: DingTalk):
    for number in range(200):
        dingtalk.form(f"form {number}")

    assert dingtalk.call("POST", FORMS, form_body("one too many")).status_code == 400


# -- instances


def test_an_instance_is_told_as_documented(dingtalk: DingTalk, code: str):
    ref = dingtalk.open(code, ("NONE", ["lead"]), ("OR", ["qa", "ops"]), ccList=["oncall"], ccPosition="START")
    assert not re.fullmatch(r"[0-9a-fA-F-]{36}", ref)
    answer = dingtalk.data("GET", INSTANCES, processInstanceId=ref)
    told = answer["result"]

    assert answer["success"] == "true"
    assert told["title"] == "周航提交的CI/CD approval"
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\dZ", told["createTime"])
    assert re.fullmatch(r"\d{21}", told["businessId"])
    assert (told["status"], told["result"], told["originatorUserId"]) == ("RUNNING", "", "dev")
    assert "finishTime" not in told
    assert told["approverUserIds"] == ["lead", "qa", "ops"]
    assert [(one["type"], one["result"]) for one in told["operationRecords"]] == [
        ("START_PROCESS_INSTANCE", "NONE"),
        ("PROCESS_CC", "NONE"),
    ]
    (task,) = told["tasks"]
    assert (task["userId"], task["status"], task["processInstanceId"]) == ("lead", "RUNNING", ref)
    assert task["taskId"] > 2**31
    assert "result" not in task
    assert told["formComponentValues"][0] | {"name": "Details", "value": "deploy #42"} == told["formComponentValues"][0]
    assert told["formComponentValues"][0]["id"] == "TextareaField-1"


def test_nodes_run_in_order_and_each_counts_in_its_own_way(dingtalk: DingTalk, code: str):
    ref = dingtalk.open(code, ("AND", ["lead", "qa"]), ("OR", ["ops", "release"]), ("NONE", ["oncall"]))

    dingtalk.decide(ref, "approve", "qa")
    assert tasks(dingtalk, ref) == [("lead", "RUNNING", ""), ("qa", "COMPLETED", "AGREE")]
    dingtalk.decide(ref, "approve", "lead")
    assert tasks(dingtalk, ref)[2:] == [("ops", "RUNNING", ""), ("release", "RUNNING", "")]
    dingtalk.decide(ref, "approve", "release")
    assert tasks(dingtalk, ref)[2:] == [
        ("ops", "CANCELED", ""),
        ("release", "COMPLETED", "AGREE"),
        ("oncall", "RUNNING", ""),
    ]
    dingtalk.decide(ref, "approve", "oncall", comment="go")

    told = dingtalk.read(ref)
    assert (told["status"], told["result"]) == ("COMPLETED", "agree")
    assert "finishTime" in told
    assert len({one["activityId"] for one in told["tasks"]}) == 3
    assert told["operationRecords"][-1]["remark"] == "go"


def test_one_refusal_ends_it(dingtalk: DingTalk, code: str):
    ref = dingtalk.open(code, ("OR", ["lead", "qa"]), ("NONE", ["ops"]))

    dingtalk.decide(ref, "reject", "qa", comment="not today")

    told = dingtalk.read(ref)
    assert (told["status"], told["result"]) == ("COMPLETED", "refuse")
    assert tasks(dingtalk, ref) == [("lead", "CANCELED", ""), ("qa", "COMPLETED", "REFUSE")]
    dingtalk.control("POST", f"approvals/{ref}/decide", {"decision": "approve", "user_id": "lead"}, status=409)


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"processCode": "PROC-0"}, "processCodeError"),
        ({"originatorUserId": "nobody"}, "processInstanceStartFailed"),
        ({"originatorUserId": "intern"}, "processInstanceStartFailed"),
        ({"microappAgentId": 1}, "invalidAgentId"),
        ({"approvers": []}, "processInstanceInvalidParameter"),
        ({"approvers": [], "deptId": -1}, "targetSelectApproverMissing"),
        ({"approvers": [{"actionType": "NONE", "userIds": ["lead"]}] * 21}, "processInstanceInvalidParameter"),
        ({"approvers": [{"actionType": "NONE", "userIds": ["lead", "qa"]}]}, "processInstanceInvalidParameter"),
        ({"approvers": [{"actionType": "OR", "userIds": ["lead"]}]}, "processInstanceInvalidParameter"),
        ({"approvers": [{"actionType": "AND", "userIds": ["lead", "lead"]}]}, "processInstanceInvalidParameter"),
        ({"approvers": [{"actionType": "ANY", "userIds": ["lead", "qa"]}]}, "processInstanceInvalidParameter"),
        ({"approvers": [{"actionType": "NONE", "userIds": []}]}, "processInstanceInvalidParameter"),
        ({"approvers": [{"actionType": "NONE", "userIds": ["intern"]}]}, "processInstanceStartFailed"),
        ({"approvers": "lead"}, "processInstanceInvalidParameter"),
        ({"deptId": 7}, "processInstanceInvalidParameter"),
        ({"ccList": ["nobody"]}, "processInstanceStartFailed"),
        ({"ccList": ["lead"], "ccPosition": "END"}, "processInstanceInvalidParameter"),
        ({"ccList": ["lead"] * 51}, "processInstanceInvalidParameter"),
        ({"formComponentValues": []}, "formConverterError"),
        ({"formComponentValues": [{"name": "Details", "value": 1}]}, "formConverterError"),
        ({"formComponentValues": [{"name": "Details", "value": "x" * 65536}]}, "formConverterError"),
        ({"formComponentValues": [{"name": "Other", "value": "x"}]}, "illegalComponent"),
        ({"formComponentValues": "x"}, "processInstanceInvalidParameter"),
    ],
)
def test_malformed_requests_open_nothing(dingtalk: DingTalk, code: str, changes: dict[str, Any], why: str):
    assert dingtalk.why("POST", INSTANCES, {**instance_body(code), **changes}) == why
    assert dingtalk.control("GET", "approvals")["approvals"] == []


def test_the_root_department_of_somebody_elsewhere_may_be_refused(dingtalk: DingTalk, code: str):
    dingtalk.open(code, deptId=-1)
    people = dingtalk.control("GET", "people")["people"]
    own = next(one["dept_ids"]["d-development"] for one in people if one["user_id"] == "dev")

    dingtalk.control("POST", "settings", {"department_is_checked": 1})

    assert dingtalk.why("POST", INSTANCES, instance_body(code, deptId=-1)) == "processInstanceInvalidParameter"
    assert dingtalk.read(dingtalk.open(code, deptId=own))["originatorDeptId"] == str(own)
    dingtalk.open(code)


@pytest.mark.parametrize(
    ("kind", "props", "good", "bad"),
    [
        ("NumberField", {}, "-1.5", "one"),
        ("DDSelectField", {"options": [{"key": "a", "value": "A"}]}, "A", "B"),
        ("DDMultiSelectField", {"options": [{"key": "a", "value": "A"}]}, '["A"]', '["B"]'),
        ("DDDateField", {}, "2026-02-28", "2026-02-30"),
        ("DDDateRangeField", {}, '["2026-02-27","2026-02-28"]', '["2026-02-27"]'),
        ("InnerContactField", {}, '["lead"]', "lead"),
        ("TableField", {}, "[[]]", "{}"),
    ],
)
def test_values_are_texts_of_their_fields_form(
    dingtalk: DingTalk, kind: str, props: dict[str, Any], good: str, bad: str
):
    code = dingtalk.form("typed", formComponents=[component(kind, **props)])

    dingtalk.open(code, formComponentValues=[{"name": "Value", "value": good}])
    body = instance_body(code, formComponentValues=[{"name": "Value", "value": bad}])
    assert dingtalk.why("POST", INSTANCES, body) == "formConverterError"


def test_an_app_acts_in_a_persons_name(dingtalk: DingTalk, code: str):
    ref = dingtalk.open(code, ("AND", ["lead", "qa"]))
    act = {"processInstanceId": ref, "taskId": dingtalk.task(ref, "lead"), "actionerUserId": "lead", "result": "agree"}

    for change, why in (
        ({"result": "yes"}, "invalidInstanceExecuteResult"),
        ({"taskId": "1"}, "invalidInstanceExecuteTaskId"),
        ({"taskId": 1}, "invalidInstanceExecuteTaskId"),
        ({"actionerUserId": ""}, "invalidInstanceExecuteActionerUserId"),
        ({"actionerUserId": "nobody"}, "userNotExist"),
        ({"actionerUserId": "qa"}, "needAuth"),
        ({"processInstanceId": "none"}, "aflowProcessNotExist"),
    ):
        assert dingtalk.why("POST", EXECUTE, act | change) == why
    assert dingtalk.data("POST", EXECUTE, act) == {"result": True, "success": True}
    assert dingtalk.why("POST", EXECUTE, act) == "aflowProcessInstCanNotBeExecuted"
    dingtalk.decide(ref, "reject", "qa")
    assert dingtalk.why("POST", EXECUTE, act) == "aflowProcessInstStatusException"


def test_a_transferred_task_ends_and_the_other_person_gets_a_new_one(dingtalk: DingTalk, code: str):
    ref = dingtalk.open(code)
    first = dingtalk.task(ref, "lead")
    hand = {"taskId": first, "operateUserId": "lead", "toUserId": "qa", "remark": "on leave"}

    assert dingtalk.why("POST", REDIRECT, hand | {"operateUserId": "ops"}) == "param.illegal.operator"
    assert dingtalk.why("POST", REDIRECT, hand | {"toUserId": "nobody"}) == "userNotExist"
    assert dingtalk.data("POST", REDIRECT, hand) == {"result": True}

    assert tasks(dingtalk, ref) == [("lead", "COMPLETED", "REDIRECTED"), ("qa", "RUNNING", "")]
    assert dingtalk.task(ref, "qa") != first
    record = dingtalk.read(ref)["operationRecords"][-1]
    assert (record["type"], record["userId"], record["remark"]) == ("REDIRECT_TASK", "lead", "on leave")
    assert dingtalk.why("POST", REDIRECT, hand) == "task.status.error"
    dingtalk.decide(ref, "approve", "qa")
    assert dingtalk.why("POST", REDIRECT, hand) == "instance.status.error"


def test_open_tasks_are_counted_and_comments_decide_nothing(dingtalk: DingTalk, code: str):
    ref = dingtalk.open(code, ("AND", ["lead", "qa"]))
    dingtalk.open(code)

    comment = {"processInstanceId": ref, "text": "which change?", "commentUserId": "qa"}
    assert dingtalk.data("POST", COMMENTS, comment) == {"result": True, "success": True}

    count = dingtalk.data("GET", "/v1.0/workflow/processes/todoTasks/numbers", userId="lead")
    assert count == {"result": 2}
    assert dingtalk.read(ref)["operationRecords"][-1]["type"] == "ADD_REMARK"
    assert dingtalk.control("GET", f"approvals/{ref}")["comments"][0]["text"] == "which change?"
    assert dingtalk.why("POST", COMMENTS, comment | {"text": "x" * 1025}) == "invalidParameter"


def test_withdrawal_has_its_rules(dingtalk: DingTalk, code: str):
    ref = dingtalk.open(code)
    system = {"processInstanceId": ref, "isSystem": True, "remark": "expired"}

    assert dingtalk.why("POST", TERMINATE, system) == "aflowProcessInstStatusException"
    dingtalk.later(15)
    for change, why in (
        ({"processInstanceId": "none"}, "aflowProcessInstNotExist"),
        ({"processInstanceId": ""}, "invalidInstanceId"),
        ({"isSystem": None}, "invalidInstanceTerminateIsSystem"),
        ({"isSystem": False}, "invalidInstanceTerminateOperatingUserId"),
        ({"isSystem": False, "operatingUserId": "lead"}, "invalidInstanceTerminateOperatingUserId"),
        ({"isSystem": False, "operatingUserId": "nobody"}, "userNotExist"),
        ({"remark": "x" * 1025}, "invalidParameter"),
    ):
        assert dingtalk.why("POST", TERMINATE, system | change) == why
    assert dingtalk.data("POST", TERMINATE, system | {"isSystem": False, "operatingUserId": "dev"})["result"] is True
    assert dingtalk.read(ref)["status"] == "TERMINATED"
    assert tasks(dingtalk, ref) == [("lead", "TERMINATED", "")]
    assert dingtalk.why("POST", TERMINATE, system) == "aflowProcessInstStatusException"


def test_a_form_may_forbid_withdrawal(dingtalk: DingTalk, code: str):
    dingtalk.control("POST", "settings", {"withdrawal_allowed": 0, "withdrawal_refused_status": 500})
    ref = dingtalk.open(code)
    dingtalk.later(16)

    answer = dingtalk.call("POST", TERMINATE, {"processInstanceId": ref, "isSystem": True})

    assert (answer.status_code, answer.json()["code"]) == (500, "internalError")
    assert "withdraw" not in dingtalk.control("GET", f"approvals/{ref}")["actions"]


def test_ids_are_listed_by_time_originator_and_status(dingtalk: DingTalk, code: str):
    refs = [dingtalk.open(code) for _ in range(3)]
    other = dingtalk.open(code, originatorUserId="ops")
    dingtalk.decide(refs[1], "approve")
    ask = {"processCode": code, "startTime": now_ms() - 60_000, "nextToken": 0, "maxResults": 2, "userIds": ["dev"]}

    first = dingtalk.data("POST", QUERY, ask)["result"]
    rest = dingtalk.data("POST", QUERY, ask | {"nextToken": int(first["nextToken"])})["result"]

    assert first == {"list": refs[:2], "nextToken": "2"}
    assert rest == {"list": refs[2:]}
    assert dingtalk.data("POST", QUERY, ask | {"statuses": ["COMPLETED"]})["result"]["list"] == [refs[1]]
    assert dingtalk.data("POST", QUERY, ask | {"userIds": ["ops"]})["result"]["list"] == [other]
    assert dingtalk.data("POST", QUERY, ask | {"startTime": now_ms() + 60_000})["result"]["list"] == []


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"processCode": "PROC-0"}, "invalidProcessCode"),
        ({"startTime": 0}, "invalidInstanceListIdsStartTime"),
        ({"startTime": "1"}, "invalidInstanceListIdsStartTime"),
        ({"nextToken": "0"}, "invalidNextToken"),
        ({"nextToken": -1}, "invalidNextToken"),
        ({"maxResults": 21}, "invalidMaxResults"),
        ({"endTime": 1}, "invalidEndTime"),
        ({"userIds": ["dev"] * 11}, "invalidUserIds"),
        ({"statuses": ["DONE"]}, "invalidParameter"),
    ],
)
def test_malformed_lists_are_refused(dingtalk: DingTalk, code: str, changes: dict[str, Any], why: str):
    ask = {"processCode": code, "startTime": now_ms(), "nextToken": 0, "maxResults": 20}

    assert dingtalk.why("POST", QUERY, ask | changes) == why


def test_an_unknown_or_deleted_instance_cannot_be_read(dingtalk: DingTalk, code: str):
    ref = dingtalk.open(code)
    dingtalk.decide(ref, "delete")

    assert dingtalk.why("GET", INSTANCES, processInstanceId=ref) == "processInstanceNotExist"
    assert dingtalk.why("GET", INSTANCES, processInstanceId="none") == "processInstanceNotExist"
    assert dingtalk.why("GET", INSTANCES) == "processInstanceIdError"
    dingtalk.control("POST", "settings", {"deleted_is_unknown": 0})
    assert dingtalk.read(ref)["status"] == "TERMINATED"


def test_the_system_passes_tasks_where_it_was_told_to(dingtalk: DingTalk, code: str):
    dingtalk.control("POST", "people", {"people": [{"user_id": "qa", "auto_pass": True}]})

    ref = dingtalk.open(code, ("OR", ["lead", "qa"]), ("NONE", ["ops"]))

    assert tasks(dingtalk, ref) == [("lead", "CANCELED", ""), ("qa", "COMPLETED", "AGREE"), ("ops", "RUNNING", "")]
    assert "EXECUTE_TASK_AUTO" in {one["type"] for one in dingtalk.read(ref)["operationRecords"]}


# -- the page


def test_people_decide_on_the_page(dingtalk: DingTalk, code: str):
    ref = dingtalk.open(code, ("OR", ["lead", "qa"]), ("NONE", ["ops"]), ccList=["oncall"], ccPosition="START")
    page = dingtalk.http.get("/?as=lead&lang=en").text
    assert "deploy #42" in page
    assert "DingTalk" in page
    opened = dingtalk.http.get(f"/?as=lead&lang=en&open={ref}").text
    for words in ("Approver 1", "one is enough", "Transfer to", "Copied to"):
        assert words in opened

    def click(person: str, decision: str, **more: str) -> None:
        form = {"ref": ref, "as": person, "decision": decision, "lang": "en", **more}
        answer = dingtalk.http.post("/ui/decide", data=form)
        assert "error" not in answer.headers["location"], answer.headers["location"]

    click("lead", "transfer", to_transfer="release", comment="on leave")
    click("release", "approve", comment="fine")
    click("ops", "reject", comment="no way back")

    told = dingtalk.read(ref)
    assert (told["status"], told["result"]) == ("COMPLETED", "refuse")
    done = dingtalk.http.get(f"/?as=ops&tab=done&lang=en&open={ref}").text
    assert "no way back" in done
    assert "Sofia Berg" in done


def test_people_say_what_they_cannot_do(dingtalk: DingTalk, code: str):
    ref = dingtalk.open(code)

    def refusal(**decision: str) -> str:
        answer = dingtalk.http.post(f"/_sim/approvals/{ref}/decide", json=decision)
        assert answer.status_code >= 400
        return str(answer.json()["error"])

    assert "open for: lead" in refusal(decision="approve", user_id="qa")
    assert "not one of" in refusal(decision="rollback", user_id="lead")
    assert "somebody else" in refusal(decision="transfer", user_id="lead", to="lead")
    assert "somebody else" in refusal(decision="transfer", user_id="lead", to="intern")
    assert "only dev" in refusal(decision="withdraw", user_id="lead")
    dingtalk.decide(ref, "withdraw", "dev")
    assert dingtalk.read(ref)["status"] == "TERMINATED"
    assert "TERMINATED already" in refusal(decision="approve", user_id="lead")
