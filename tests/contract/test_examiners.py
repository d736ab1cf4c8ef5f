"""
What every provider's examiner must do: find an app in order, or say what to press where.

A simulator of the platform is on the other side; the requests of `rehearsal` go to the provider's own receiver, which
the independent kits of `tests/kits` judge in turn.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest

from approval_gate.errors import CallbackRejected
from approval_gate.ports.checks import Check, CheckStatus, Rehearsal
from approval_gate.providers import registry
from approval_gate.web import WebResponse
from tests.examiner_kits import ExaminerKit, Trouble, all_examiner_kits
from tests.fakes.examined_site import ExaminedSite
from tests.fakes.wire import Fault
from tests.kits import Kit, all_kits
from tests.sender_kits import Call

KITS = all_examiner_kits()
FINE = {CheckStatus.OK, CheckStatus.SKIPPED}
ANY_CALL = {method: Call(method, "*") for method in ("GET", "POST")}
TROUBLES = [pytest.param(kit, trouble, id=f"{kit.provider}-{trouble.name}") for kit in KITS for trouble in kit.troubles]


@pytest.fixture(params=KITS, ids=lambda kit: kit.provider)
def kit(request: pytest.FixtureRequest) -> ExaminerKit:
    found: ExaminerKit = request.param
    return found


@pytest.fixture
def examined(kit: ExaminerKit, shared_table: Any) -> Iterator[ExaminedSite]:
    site = ExaminedSite(kit.sender, shared_table)
    yield site
    site.close()


def test_every_provider_has_an_examiner_kit() -> None:
    assert sorted(kit.provider for kit in KITS) == list(registry.provider_names())


# -- in order


def test_an_app_in_order_is_found_in_order(kit: ExaminerKit, examined: ExaminedSite) -> None:
    checks = examined.examine()

    assert tuple(checks) == kit.checks
    assert {name: each for name, each in checks.items() if each.status not in FINE} == {}
    assert checks["credentials"].status is CheckStatus.OK


def test_an_examination_stays_within_its_budget_and_changes_nothing(kit: ExaminerKit, examined: ExaminedSite) -> None:
    examined.examine()

    made = [Call(each.method, each.path) for each in examined.wire.exchanges]
    assert len(made) == kit.most_calls
    assert [each for each in made if not any(call.matches(each.method, each.path) for call in kit.calls)] == []
    assert examined.refs() == []
    assert examined.control("GET", "messages")["messages"] == []


def test_a_second_examination_asks_anew(examined: ExaminedSite) -> None:
    examined.examine()
    examined.control("POST", "faults", {"path": "/", "status": 503, "times": None})

    assert examined.examine()["credentials"].status is CheckStatus.FAILED


# -- out of order


@pytest.mark.parametrize(("kit", "trouble"), TROUBLES)
def test_a_trouble_is_told_with_what_to_press_and_where(kit: ExaminerKit, trouble: Trouble, shared_table: Any) -> None:
    site = ExaminedSite(kit.sender, shared_table)
    try:
        trouble.arrange(site)
        checks = site.examine()
    finally:
        site.close()

    assert tuple(checks) == kit.checks
    check = checks[trouble.check]
    assert check.status is trouble.status, check
    english, chinese = f"{check.detail.en} {check.fix.en}", f"{check.detail.zh} {check.fix.zh}"
    assert [each for each in trouble.says if each not in english] == [], english
    assert [each for each in trouble.says_zh if each not in chinese] == [], chinese
    assert {name for name in trouble.skipped if checks[name].status is not CheckStatus.SKIPPED} == set()
    for each in checks.values():
        _assert_is_well_said(each)


@pytest.mark.parametrize(
    "answer",
    [
        httpx.ConnectError("no route"),
        httpx.ReadTimeout("slow"),
        httpx.Response(200, text="<html>Sign in to the hotel's network</html>"),
        httpx.Response(404, text="404 page not found"),
        httpx.Response(502, text="Bad gateway"),
        httpx.Response(200, json=[]),
        httpx.Response(200, json={}),
    ],
    ids=["no connection", "no answer", "a page", "not found", "a proxy", "no object", "nothing in it"],
)
def test_a_platform_that_does_not_answer_is_told_and_nothing_else_is_claimed(
    examined: ExaminedSite, answer: httpx.Response | Exception
) -> None:
    for call in ANY_CALL.values():
        examined.fail(call, answer, times=99)

    checks = examined.examine()

    assert checks["credentials"].status is CheckStatus.FAILED
    others = {name: each.status for name, each in checks.items() if name not in {"credentials", "clock"}}
    assert set(others.values()) == {CheckStatus.SKIPPED}, others
    for each in checks.values():
        _assert_is_well_said(each)


def test_calls_that_fail_after_the_token_blame_no_permission(kit: ExaminerKit, examined: ExaminedSite) -> None:
    token = kit.sender.fetch_token
    examined.wire.faults.append(_all_but(token, httpx.Response(503, text="busy")))

    checks = examined.examine()

    assert checks["credentials"].status is CheckStatus.OK
    assert {name for name, each in checks.items() if each.status is CheckStatus.FAILED} == set()
    assert any(each.status is CheckStatus.WARNING for each in checks.values())
    for each in checks.values():
        _assert_is_well_said(each)


# -- the clock


@pytest.mark.parametrize(
    ("skew_s", "expected"),
    [
        (0, CheckStatus.OK),
        (-59, CheckStatus.OK),
        (59, CheckStatus.OK),
        (62, CheckStatus.WARNING),
        (-62, CheckStatus.WARNING),
        (86_400, CheckStatus.WARNING),
    ],
)
def test_a_clock_more_than_a_minute_off_is_told(examined: ExaminedSite, skew_s: float, expected: CheckStatus) -> None:
    examined.skew_s = skew_s

    check = examined.examine()["clock"]

    assert check.status is expected
    assert str(abs(int(skew_s))) in check.detail.en
    _assert_is_well_said(check)


def test_without_the_platforms_time_the_clock_is_not_judged(examined: ExaminedSite) -> None:
    examined.tells_date = False

    assert examined.examine()["clock"].status is CheckStatus.SKIPPED


# -- the rehearsal


def test_without_keys_for_callbacks_there_is_no_rehearsal(kit: ExaminerKit, examined: ExaminedSite) -> None:
    for name in kit.callback_fields:
        examined.credentials.pop(name)

    assert examined.examiner().rehearsal() is None


def test_our_own_receiver_answers_the_rehearsal_rightly(kit: ExaminerKit, examined: ExaminedSite) -> None:
    platform, rehearsal = _rehearsal(kit, examined)

    opened = platform.receiver().open(rehearsal.request)

    assert opened.is_address_check
    assert opened.events == ()
    assert rehearsal.is_right(opened.response)
    assert rehearsal.deadline_s == kit.deadline_s
    assert all(name == name.lower() for name in rehearsal.request.headers)


def test_a_receiver_with_other_keys_refuses_the_rehearsal(kit: ExaminerKit, examined: ExaminedSite) -> None:
    platform, rehearsal = _rehearsal(kit, examined)

    with pytest.raises(CallbackRejected):
        platform.receiver_with_another_key().open(rehearsal.request)


def test_every_rehearsal_is_another(kit: ExaminerKit, examined: ExaminedSite) -> None:
    platform, first = _rehearsal(kit, examined)
    _, second = _rehearsal(kit, examined)

    assert first.request != second.request
    assert second.is_right(platform.receiver().open(second.request).response)


def test_an_answer_that_the_platform_would_not_take_is_not_right(kit: ExaminerKit, examined: ExaminedSite) -> None:
    platform, rehearsal = _rehearsal(kit, examined)
    right = platform.receiver().open(rehearsal.request).response

    wrong = [
        WebResponse(status=401),
        WebResponse(),
        WebResponse(body=b"{}"),
        WebResponse(body=b"[" * 10_000),
        WebResponse(body=b"\xff\xfe"),
        WebResponse(body=b"<html>Sign in</html>", content_type="text/html"),
        replace(right, status=500),
        replace(right, body=right.body[:-2]),
    ]
    assert [each for each in wrong if rehearsal.is_right(each)] == []


# -- refused callbacks


def test_every_check_of_the_receiver_has_an_answer_of_its_own(kit: ExaminerKit, examined: ExaminedSite) -> None:
    examiner = examined.examiner()
    checks = _checks_of_receiver(kit.provider)
    unknown = examiner.about_refusal("a check that nobody wrote")

    assert len(checks) > 5
    for check in checks:
        words = examiner.about_refusal(check)
        assert words != unknown, check
        assert all((words.en, words.zh)), check
        assert "{" not in words.en + words.zh, check
    assert all((unknown.en, unknown.zh))


# -- how it is said


def _assert_is_well_said(check: Check) -> None:
    """Both languages or none; whoever has to act is told how; no gaps left in a text."""
    texts = (check.detail.en, check.detail.zh, check.fix.en, check.fix.zh)
    assert all((check.detail.en, check.detail.zh)), check
    assert bool(check.fix.en) == bool(check.fix.zh), check
    if check.status in {CheckStatus.FAILED, CheckStatus.WARNING}:
        assert check.fix.en, check
    assert not any("{" in each or "}" in each for each in texts if each), check
    assert all(each.rstrip().endswith((".", "。")) for each in texts if each), check
    assert any("\u4e00" <= sign <= "\u9fff" for sign in check.detail.zh), check


@pytest.mark.parametrize(("kit", "trouble"), TROUBLES)
def test_no_secret_is_in_what_is_said(kit: ExaminerKit, trouble: Trouble, shared_table: Any) -> None:
    site = ExaminedSite(kit.sender, shared_table)
    try:
        trouble.arrange(site)
        checks = site.examiner().examine()
        public = registry.credentials_type(kit.provider).public_fields()
        secrets = {value for name, value in site.credentials.items() if name not in public}
    finally:
        site.close()

    said = "\n".join(repr(each) for each in checks)
    assert [secret for secret in secrets if secret in said] == []


def _rehearsal(kit: ExaminerKit, examined: ExaminedSite) -> tuple[Kit, Rehearsal]:
    """Return the independent kit of the platform, and a rehearsal for its app at its time."""
    platform = next(each for each in all_kits() if each.name == kit.provider)
    examined.credentials = dict(platform.credentials)  # type: ignore[attr-defined] # every kit keeps them there
    examined.now = platform.now
    rehearsal = examined.examiner().rehearsal()
    assert rehearsal is not None
    return platform, rehearsal


def _checks_of_receiver(provider: str) -> set[str]:
    """Return every text of a `CallbackRejected(...)` in what the receiver is made of."""
    classes = [each for each in registry.receiver_type(provider).__mro__ if each is not object]
    found: set[str] = set()
    for each in classes:
        module = sys.modules[each.__module__]
        folder = Path(module.__file__ or "").parent
        sources = list(folder.glob("*.py"))
        if "sealed_message" in Path(module.__file__ or "").read_text(encoding="utf-8"):
            sources.append(folder.parents[1] / "crypto" / "sealed_message.py")
        for source in sources:
            found |= {*_refusals(ast.parse(source.read_text(encoding="utf-8")))}
    return found


def _refusals(tree: ast.AST) -> Iterator[str]:
    """Return the literal names; where a function is given the name, those that it is called with."""
    for function in ast.walk(tree):
        if not isinstance(function, ast.FunctionDef):
            continue
        for (argument,) in (call.args for call in _calls_of("CallbackRejected", function)):
            if isinstance(argument, ast.Name):
                yield from (text for call in _calls_of(function.name, tree) for text in _texts(call))
            else:
                assert isinstance(argument, ast.Constant), "the name of a check is literal"
                yield str(argument.value)


def _calls_of(name: str, tree: ast.AST) -> Iterator[ast.Call]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == name:
            yield node


def _texts(call: ast.Call) -> list[str]:
    return [each.value for each in call.args if isinstance(each, ast.Constant) and isinstance(each.value, str)]


def _all_but(call: Call, answer: httpx.Response) -> Fault:
    return Fault(lambda method, path: not call.matches(method, path), answer, 999, is_carried_out=False)
