"""The vendor's own SDK (lark-oapi) against the simulator: what it sends is understood, what it gets it can read."""

from __future__ import annotations

import json
import warnings

import pytest

from tests.simulators.conftest import GATE, Received, Receiver, Simulator, definition

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # the SDK's own imports use deprecated things
    import lark_oapi as lark
    from lark_oapi.api.approval.v4 import (
        ApprovalCreate,
        ApproveTaskRequest,
        CancelInstanceRequest,
        CreateApprovalRequest,
        CreateInstanceRequest,
        GetApprovalRequest,
        GetInstanceRequest,
        InstanceCancel,
        InstanceCreate,
        ListInstanceRequest,
        SubscribeApprovalRequest,
        TaskApprove,
        UnsubscribeApprovalRequest,
    )
    from lark_oapi.api.contact.v3 import (
        BatchGetIdUserRequest,
        BatchGetIdUserRequestBody,
        ChildrenDepartmentRequest,
        FindByDepartmentUserRequest,
        GetUserRequest,
        SimplelistGroupMemberRequest,
        SimplelistGroupRequest,
    )
    from lark_oapi.api.im.v1 import (
        CreateMessageRequest,
        CreateMessageRequestBody,
        ListChatRequest,
        PatchMessageRequest,
        PatchMessageRequestBody,
        ReplyMessageRequest,
        ReplyMessageRequestBody,
    )
    from lark_oapi.core.model import RawRequest
    from lark_oapi.core.token import TokenManager

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning:lark_oapi")


@pytest.fixture
def client(feishu: Simulator, monkeypatch: pytest.MonkeyPatch) -> lark.Client:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    # The SDK keeps tokens for the whole process by app id; each simulator has its own.
    TokenManager.cache.set(f"self_tenant_token:{GATE['app_id']}", "", 0)
    return lark.Client.builder().app_id(GATE["app_id"]).app_secret(GATE["app_secret"]).domain(feishu.base_url).build()


def _create(client: lark.Client) -> str:
    # One widget and one node are enough to know that the SDK's body is understood.
    body = ApprovalCreate(definition(("N0", "AND"), ("N1", "SEQUENTIAL")))
    answer = client.approval.v4.approval.create(CreateApprovalRequest.builder().request_body(body).build())
    assert answer.success(), (answer.code, answer.msg)
    return answer.data.approval_code


def _start(client: lark.Client, feishu: Simulator, code: str, uuid: str = "Run-1"):
    body = InstanceCreate(
        {
            "approval_code": code,
            "open_id": feishu.open_id("dev"),
            "form": json.dumps([{"id": "1", "type": "textarea", "value": "deploy #42"}]),
            "uuid": uuid,
            "node_approver_open_id_list": [
                {"key": "N0", "value": [feishu.open_id("lead"), feishu.open_id("qa")]},
                {"key": "N1", "value": [feishu.open_id("ops")]},
            ],
        }
    )
    return client.approval.v4.instance.create(CreateInstanceRequest.builder().request_body(body).build())


def _read(client: lark.Client, ref: str):
    answer = client.approval.v4.instance.get(GetInstanceRequest.builder().instance_id(ref).build())
    assert answer.success(), answer.msg
    return answer.data


def test_an_approval_from_definition_to_outcome(client: lark.Client, feishu: Simulator):
    code = _create(client)
    read = client.approval.v4.approval.get(GetApprovalRequest.builder().approval_code(code).build())
    assert [node.custom_node_id for node in read.data.node_list] == ["N0", "N1"]
    assert all(len(node.node_id) == 32 and node.need_approver for node in read.data.node_list)
    ref = _start(client, feishu, code).data.instance_code

    pending = _read(client, ref)
    assert (pending.status, pending.end_time) == ("PENDING", "0") or pending.end_time in {0, "0"}
    assert [task.status for task in pending.task_list] == ["PENDING", "PENDING"]
    for user in ("lead", "qa", "ops"):
        feishu.decide(ref, "approve", user, comment=f"{user} agrees")

    final = _read(client, "run-1")
    assert final.status == "APPROVED"
    assert [(entry.type, entry.comment) for entry in final.timeline] == [
        ("START", None),
        ("PASS", "lead agrees"),
        ("PASS", "qa agrees"),
        ("PASS", "ops agrees"),
    ]
    assert {task.custom_node_id for task in final.task_list} == {"N0", "N1"}


def test_a_repeated_uuid_is_an_error_and_the_first_instance_is_found_by_it(client: lark.Client, feishu: Simulator):
    code = _create(client)
    first = _start(client, feishu, code, uuid="Run-7").data.instance_code

    second = _start(client, feishu, code, uuid="rUN-7")

    assert (second.code, second.raw.status_code) == (60012, 400)
    assert _read(client, "RUN-7").instance_code == first


def test_subscribing_twice_is_told(client: lark.Client):
    code = _create(client)
    subscribe = SubscribeApprovalRequest.builder().approval_code(code).build()
    unsubscribe = UnsubscribeApprovalRequest.builder().approval_code(code).build()

    codes = [client.approval.v4.approval.subscribe(subscribe).code for _ in range(2)]
    codes += [client.approval.v4.approval.unsubscribe(unsubscribe).code for _ in range(2)]

    assert codes == [0, 1390007, 0, 1390007]


def test_the_starter_withdraws(client: lark.Client, feishu: Simulator):
    code = _create(client)
    ref = _start(client, feishu, code).data.instance_code

    def cancel(user: str):
        body = InstanceCancel({"approval_code": code, "instance_code": ref, "user_id": feishu.open_id(user)})
        request = CancelInstanceRequest.builder().user_id_type("open_id").request_body(body).build()
        return client.approval.v4.instance.cancel(request)

    assert cancel("lead").code == 1390009
    assert cancel("dev").success()
    assert _read(client, ref).status == "CANCELED"
    assert cancel("dev").code == 1390001


def test_acting_in_a_persons_name(client: lark.Client, feishu: Simulator):
    code = _create(client)
    ref = _start(client, feishu, code).data.instance_code
    task = next(one for one in _read(client, ref).task_list if one.user_id == "lead")

    def approve(user: str):
        body = TaskApprove(
            {"approval_code": code, "instance_code": ref, "user_id": feishu.open_id(user), "task_id": task.id}
        )
        request = ApproveTaskRequest.builder().user_id_type("open_id").request_body(body).build()
        return client.approval.v4.task.approve(request).code

    assert [approve("qa"), approve("lead"), approve("lead")] == [1390009, 0, 1390010]


def test_listing_instances_pages_through_all(client: lark.Client, feishu: Simulator):
    code = _create(client)
    refs = [_start(client, feishu, code, uuid=f"run-{n}").data.instance_code for n in range(5)]
    start_ms = int(_read(client, refs[0]).start_time)
    found: list[str] = []
    token = ""

    while True:
        request = (
            ListInstanceRequest.builder()
            .approval_code(code)
            .start_time(str(start_ms))
            .end_time(str(start_ms + 60_000))
            .page_size(2)
            .page_token(token)
            .build()
        )
        page = client.approval.v4.instance.list(request).data
        found += page.instance_code_list
        token = page.page_token
        if not page.has_more:
            break

    assert found == refs


def test_people_are_found_by_address(client: lark.Client, feishu: Simulator):
    body = (
        BatchGetIdUserRequestBody.builder()
        .emails(["lead@example.com", "nobody@example.com", "intern@example.com"])
        .mobiles(["13800000002", "+6591234567"])
        .build()
    )

    answer = client.contact.v3.user.batch_get_id(
        BatchGetIdUserRequest.builder().user_id_type("open_id").request_body(body).build()
    )

    found = {entry.email or entry.mobile: entry.user_id for entry in answer.data.user_list}
    assert found == {
        "lead@example.com": feishu.open_id("lead"),
        "nobody@example.com": None,
        "intern@example.com": None,
        "13800000002": feishu.open_id("dev"),
        "+6591234567": feishu.open_id("qa"),
    }


def test_the_directory_is_walked_from_the_root(client: lark.Client, feishu: Simulator):
    def children(parent: str, *, deep: bool = False):
        request = ChildrenDepartmentRequest.builder().department_id(parent).fetch_child(deep).page_size(50).build()
        return client.contact.v3.department.children(request).data.items

    top = children("0")
    development = next(one for one in children("0", deep=True) if one.department_id == "d-development")
    request = FindByDepartmentUserRequest.builder().department_id(development.open_department_id).build()
    members = client.contact.v3.user.find_by_department(request).data.items

    assert [one.department_id for one in top] == ["d-engineering", "d-product"]
    assert [one.name for one in members] == ["林悦", "周航"]
    user = client.contact.v3.user.get(GetUserRequest.builder().user_id(members[0].open_id).build()).data.user
    assert (user.user_id, user.email) == ("lead", "lead@example.com")


def test_a_user_group_is_expanded(client: lark.Client, feishu: Simulator):
    group = client.contact.v3.group.simplelist(SimplelistGroupRequest.builder().build()).data.grouplist[0]
    request = SimplelistGroupMemberRequest.builder().group_id(group.id).member_type("user").build()

    members = client.contact.v3.group_member.simplelist(request).data.memberlist

    assert [one.member_id for one in members] == [feishu.open_id(user) for user in ("lead", "release", "oncall")]


def test_messages_are_sent_answered_and_updated(client: lark.Client, feishu: Simulator):
    chat = client.im.v1.chat.list(ListChatRequest.builder().build()).data.items[0]
    card = {"config": {"update_multi": True}, "elements": [{"tag": "markdown", "content": "**pending**"}]}

    def send(uuid: str):
        body = (
            CreateMessageRequestBody.builder()
            .receive_id(chat.chat_id)
            .msg_type("interactive")
            .content(json.dumps(card))
            .uuid(uuid)
            .build()
        )
        request = CreateMessageRequest.builder().receive_id_type("chat_id").request_body(body).build()
        return client.im.v1.message.create(request)

    sent, repeated = send("u1"), send("u1")
    reply_body = ReplyMessageRequestBody.builder().content('{"text":"done"}').msg_type("text").build()
    reply = client.im.v1.message.reply(
        ReplyMessageRequest.builder().message_id(sent.data.message_id).request_body(reply_body).build()
    )
    card["elements"][0]["content"] = "**approved**"
    patch = client.im.v1.message.patch(
        PatchMessageRequest.builder()
        .message_id(sent.data.message_id)
        .request_body(PatchMessageRequestBody.builder().content(json.dumps(card)).build())
        .build()
    )

    assert sent.success()
    assert repeated.data.message_id == sent.data.message_id
    assert reply.success()
    assert patch.success()
    texts = [one["text"] for one in feishu.control("GET", "messages")["messages"]]
    assert texts == ["done", "approved"]


def test_wrong_credentials_are_told_by_the_token_call(feishu: Simulator, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    stranger = lark.Client.builder().app_id("cli_stranger").app_secret("x").domain(feishu.base_url).build()

    with pytest.raises(lark.core.exception.ObtainAccessTokenException, match="10014"):
        stranger.im.v1.chat.list(ListChatRequest.builder().build())


@pytest.mark.parametrize(("in_ms", "digits"), [(False, 10), (True, 13)])
def test_the_sdks_dispatcher_accepts_encrypted_and_signed_events(
    feishu: Simulator, receiver: Receiver, in_ms: bool, digits: int
):
    feishu.control("POST", "settings", {"timestamp_in_ms": in_ms})
    seen: list[tuple[str, dict]] = []
    dispatcher = (
        lark.EventDispatcherHandler.builder("demo-encrypt-key-0001", "demo-verification-token-01")
        .register_p1_customized_event("approval_instance", lambda event: seen.append((event.uuid, event.event)))
        .register_p1_customized_event("approval_task", lambda event: seen.append((event.uuid, event.event)))
        .build()
    )

    def answer(received: Received) -> tuple[int, bytes]:
        request = RawRequest()
        request.uri, request.body = "/callback", received.body
        request.headers = {
            name: received.headers[name.lower()]
            for name in ("X-Lark-Request-Timestamp", "X-Lark-Request-Nonce", "X-Lark-Signature")
            if name.lower() in received.headers
        }
        response = dispatcher.do(request)
        return response.status_code, response.content

    receiver.answer = answer
    receiver.on_check = answer
    feishu.control("POST", "apps", {**GATE, "request_url": receiver.url})
    ref = feishu.start(feishu.define(("N0", "AND")), {"N0": ["lead"]}, uuid="run-9")
    feishu.decide(ref, "reject", "lead", comment="no")

    stamps = [receiver.next().headers["x-lark-request-timestamp"] for _ in range(4)]

    assert {len(stamp) for stamp in stamps} == {digits}
    assert [(event["type"], event["status"]) for _, event in seen] == [
        ("approval_instance", "PENDING"),
        ("approval_task", "PENDING"),
        ("approval_task", "REJECTED"),
        ("approval_instance", "REJECTED"),
    ]
    assert len({uuid for uuid, _ in seen}) == 4
    assert seen[0][1]["uuid"] == "run-9"
    assert seen[1][1]["open_id"] == feishu.open_id("lead")
