"""Dead letters on the deployed stack: each queue gets one, the command shows and replays it; twice is as once."""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from cli.dead_letters import DeadLetters, Letter, main, shown
from local.provision import APPROVER, APPROVER_USER_ID, REQUESTER
from tests.stack.chaos import Pipeline

pytestmark = pytest.mark.stack

ROOT = Path(__file__).parents[2]

type Json = dict[str, Any]
type Eventually = Callable[..., Any]

PROVIDER = "feishu"
RETRIES_S = 60
"""Six repetitions a second apart, on a busy machine."""


@pytest.fixture
def pipeline(stack: Json) -> Iterator[Pipeline]:
    with httpx.Client(timeout=30, trust_env=False) as http:
        yield Pipeline(stack, http)


@pytest.fixture
def outputs(clients: Callable[[str], Any]) -> Json:
    described = clients("cloudformation").describe_stacks(StackName="approval-gate")["Stacks"][0]
    return {one["OutputKey"]: one["OutputValue"] for one in described["Outputs"]}


@pytest.fixture
def dead_letters(clients: Callable[[str], Any], outputs: Json) -> DeadLetters:
    return DeadLetters(clients, outputs)


@pytest.fixture
def opened(pipeline: Pipeline, eventually: Eventually) -> Json:
    request = {
        "app": pipeline.stack["apps"][PROVIDER],
        "title": f"Deploy {secrets.token_hex(4)}",
        "requester": REQUESTER[PROVIDER],
        "stages": [{"mode": "all", "approvers": [APPROVER[PROVIDER]]}],
    }
    created = pipeline.gate("POST", "/v1/approvals", request)
    return seen_when(pipeline, created["id"], lambda seen: seen["provider_ref"], eventually)


class Item:
    """An approval's item in the table, which this test breaks and mends."""

    def __init__(self, stack: Json, dynamodb: Any, approval_id: str) -> None:
        self._table, self._dynamodb = stack["table"], dynamodb
        self._key = {"PK": {"S": f"APPROVAL#{approval_id}"}, "SK": {"S": "APPROVAL"}}

    def read(self) -> Json:
        item: Json = self._dynamodb.get_item(TableName=self._table, Key=self._key, ConsistentRead=True)["Item"]
        return item

    def write_document(self, document: str) -> None:
        self._dynamodb.update_item(
            TableName=self._table,
            Key=self._key,
            UpdateExpression="SET #document = :document",
            ExpressionAttributeNames={"#document": "document"},
            ExpressionAttributeValues={":document": {"S": document}},
        )

    def put(self, item: Json) -> None:
        self._dynamodb.put_item(TableName=self._table, Item={**item, **self._key})


def seen_when(pipeline: Pipeline, approval_id: str, is_right: Callable[[Json], Any], eventually: Eventually) -> Json:
    seen: Json = eventually(
        lambda: pipeline.gate("GET", f"/v1/approvals/{approval_id}"), lambda one: bool(is_right(one)), RETRIES_S
    )
    assert is_right(seen), seen
    return seen


def letters_when_there(dead_letters: DeadLetters, eventually: Eventually, records: int) -> list[Letter]:
    """Wait for the letters about so many records: each record is given up on its own."""
    found: list[Letter] = eventually(
        dead_letters.letters, lambda seen: sum(len(one.records) for one in seen) >= records, RETRIES_S
    )
    return found


def decide(pipeline: Pipeline, approval: Json, decision: str) -> None:
    click = {"user_id": APPROVER_USER_ID, "decision": decision}
    pipeline.sim(PROVIDER, "POST", f"/approvals/{approval['provider_ref']}/decide", click)


def test_a_callback_that_could_not_be_applied_is_shown_kept_and_replayed_once(
    pipeline: Pipeline, dead_letters: DeadLetters, clients: Callable[[str], Any], opened: Json, eventually: Eventually
) -> None:
    item = Item(dict(pipeline.stack), clients("dynamodb"), opened["id"])
    good = item.read()["document"]["S"]
    item.write_document("broken")
    decide(pipeline, opened, "approve")

    letters = letters_when_there(dead_letters, eventually, records=2)  # of the task and of the whole

    (told,) = {json.dumps({**shown(one), "records": [], "since": ""}) for one in letters}
    assert json.loads(told)["approvals"] == [opened["id"]]
    assert json.loads(told)["why"] == "RetryAttemptsExhausted"
    assert "ApplyCallbackFunction" in json.loads(told)["function"]
    assert "event_not_applied" in json.loads(told)["what_to_do"]
    assert datetime.fromisoformat(shown(letters[0])["since"]) > datetime.now(UTC) - timedelta(minutes=5)

    done, kept = dead_letters.replay()  # before anything was mended
    assert (done, len(kept)) == ([], len(letters))

    item.write_document(good)
    done, kept = dead_letters.replay()
    assert (len(done), kept) == (len(letters), [])
    decided = seen_when(pipeline, opened["id"], lambda seen: seen["outcome"], eventually)
    assert (decided["status"], decided["outcome"]["source"]) == ("APPROVED", "callback")

    assert dead_letters.replay() == ([], [])
    assert history(pipeline, opened["id"]).count("decided") == 1


def test_an_approval_that_could_not_be_driven_is_replayed_and_opens(
    pipeline: Pipeline, dead_letters: DeadLetters, clients: Callable[[str], Any], opened: Json, eventually: Eventually
) -> None:
    dynamodb = clients("dynamodb")
    good = Item(dict(pipeline.stack), dynamodb, opened["id"]).read()
    stranded_id = "apr_" + opened["id"].removeprefix("apr_")[:-6] + "STRAND"
    stranded = Item(dict(pipeline.stack), dynamodb, stranded_id)
    document = json.loads(good["document"]["S"])
    document |= {"id": stranded_id, "provider_ref": "", "opening_at": None, "tasks": [], "stages": []}
    document["request"]["title"] = f"Stranded {stranded_id}"
    good = {name: value for name, value in good.items() if name not in {"task_token", "look_now"}}
    stranded.put({**good, "document": {"S": "broken"}})

    (letter,) = letters_when_there(dead_letters, eventually, records=1)
    assert letter.approvals == (stranded_id,)
    assert "DriveWorkflowFunction" in letter.function

    stranded.write_document(json.dumps(document))
    done, kept = dead_letters.replay()
    assert (len(done), kept) == (1, [])
    seen = seen_when(pipeline, stranded_id, lambda seen: seen["provider_ref"] or seen["outcome"], eventually)
    assert (seen["outcome"], seen["provider_ref"] != opened["provider_ref"]) == (None, True)


def test_a_letter_that_outlived_the_stream_is_replayed_from_the_table(
    pipeline: Pipeline,
    dead_letters: DeadLetters,
    clients: Callable[[str], Any],
    outputs: Json,
    opened: Json,
    eventually: Eventually,
) -> None:
    """The stream keeps a day, the queue two weeks: here the sequence numbers are of a day that the stream forgot."""
    item = Item(dict(pipeline.stack), clients("dynamodb"), opened["id"])
    good = item.read()["document"]["S"]
    item.write_document("broken")
    decide(pipeline, opened, "reject")
    letters_when_there(dead_letters, eventually, records=2)
    age_letters(clients("sqs"), outputs["ApplyCallbackDeadLettersUrl"])
    item.write_document(good)

    letters = dead_letters.letters()

    assert [(one.from_stream, opened["id"] in one.approvals) for one in letters] == [(False, True)] * len(letters)
    assert [len(part) for part in dead_letters.replay()] == [len(letters), 0]
    assert seen_when(pipeline, opened["id"], lambda seen: seen["outcome"], eventually)["status"] == "REJECTED"
    assert history(pipeline, opened["id"]).count("decided") == 1


def test_a_foreign_message_is_shown_and_left_alone(
    dead_letters: DeadLetters, clients: Callable[[str], Any], outputs: Json
) -> None:
    sqs, url = clients("sqs"), outputs["DriveWorkflowDeadLettersUrl"]
    sqs.send_message(QueueUrl=url, MessageBody="hello")

    done, (kept,) = dead_letters.replay()

    assert done == []
    assert "leaves it alone" in shown(kept)["what_to_do"]
    sqs.purge_queue(QueueUrl=url)


def test_the_command_reaches_a_local_stack_by_its_folder(
    stack: Json, stack_folder: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["list", "--local", str(stack_folder), "--json"]) == 0

    assert json.loads(capsys.readouterr().out) == []


def age_letters(sqs: Any, url: str) -> None:
    """Let letters name records that the stream has forgotten, as they do after a day."""
    messages = []
    while found := sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, WaitTimeSeconds=1).get("Messages"):
        messages += found
    for message in messages:
        body = json.loads(message["Body"])
        body["DDBStreamBatchInfo"] |= {"startSequenceNumber": f"{1:021}", "endSequenceNumber": f"{2:021}"}
        sqs.send_message(QueueUrl=url, MessageBody=json.dumps(body))
        sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    assert messages


def history(pipeline: Pipeline, approval_id: str) -> list[str]:
    entries = pipeline.gate("GET", f"/v1/approvals/{approval_id}/history")["entries"]
    return [str(entry["kind"]) for entry in entries]


def test_a_stopped_execution_that_was_given_up_is_replayed_and_cancels_its_approval(
    pipeline: Pipeline, dead_letters: DeadLetters, clients: Callable[[str], Any], outputs: Json, opened: Json
) -> None:
    functions = clients("lambda").list_functions()["Functions"]
    (function,) = (one["FunctionArn"] for one in functions if "ExecutionEndedFunction" in one["FunctionName"])
    event = json.loads((ROOT / "events/execution_ended/stopped.json").read_text(encoding="utf-8"))
    event["detail"]["input"] = json.dumps({"approval_id": opened["id"]})
    letter = {
        "version": "1.0",
        "timestamp": "2026-01-15T09:32:00.000Z",
        "requestContext": {"functionArn": f"{function}:$LATEST", "condition": "RetriesExhausted"},
        "requestPayload": event,
    }
    url = outputs["ExecutionEndedDeadLettersUrl"]
    clients("sqs").send_message(QueueUrl=url, MessageBody=json.dumps(letter))

    (found,) = dead_letters.letters()
    assert shown(found)["why"] == "RetriesExhausted"
    assert opened["id"] in shown(found)["event"]

    done, kept = dead_letters.replay()
    assert (len(done), kept) == (1, [])
    seen = pipeline.gate("GET", f"/v1/approvals/{opened['id']}")
    assert (seen["status"], seen["outcome"]["reason"]) == ("CANCELED", "execution_stopped")
    assert dead_letters.replay() == ([], [])
