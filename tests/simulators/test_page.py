"""The page for people: what it shows, what it refuses, and, in a real browser, how it feels."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect, sync_playwright

from tests.simulators.conftest import Receiver, Simulator, definition

_FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
_CHROMIUM = shutil.which("chromium")
browser = pytest.mark.skipif(_CHROMIUM is None, reason="no chromium on PATH: install the chromium package to run these")


def request(feishu: Simulator, title: str = "Deploy web 1.42.0", text: str = "Rolls out the checkout") -> str:
    resources = [{"locale": "zh-CN", "is_default": True, "texts": [{"key": "@i18n@title", "value": title}]}]
    return feishu.start(
        feishu.define(("N0", "AND"), ("N1", "OR")),
        {"N0": ["lead"], "N1": ["ops", "qa"]},
        title="@i18n@title",
        i18n_resources=resources,
        form=json.dumps([{"id": "1", "type": "textarea", "value": text}]),
    )


def test_everything_that_people_typed_is_escaped(feishu: Simulator):
    evil = '<script>alert(1)</script>"><img src=x onerror=alert(2)> javascript:alert(3) https://e.example/?a="><b>'
    ref = request(feishu, title=evil, text=evil)
    feishu.control("POST", "people", {"people": [{"user_id": "lead", "name": evil}]})
    card = {
        "header": {"title": {"content": evil}},
        "elements": [{"tag": "button", "text": {"content": evil}, "url": "javascript:alert(4)"}],
    }
    body = {"receive_id": "lead", "msg_type": "interactive", "content": json.dumps(card)}
    feishu.data("POST", "/im/v1/messages", body, receive_id_type="user_id")
    feishu.decide(ref, "approve", "lead", comment=evil)

    for query in (f"as=lead&tab=done&open={ref}", "as=lead&tab=messages", "as=lead&error=%3Cscript%3Ealert(5)"):
        answer = feishu.http.get(f"/?{query}")
        assert "<script>alert" not in answer.text
        assert "<img src=x" not in answer.text
        assert 'href="javascript:' not in answer.text
        assert "script-src 'self'" in answer.headers["content-security-policy"]


def test_it_speaks_both_languages(feishu: Simulator):
    chinese = feishu.http.get("/", headers={"accept-language": "zh-CN,zh;q=0.9"}).text
    english = feishu.http.get("/?lang=en", headers={"accept-language": "zh-CN"}).text

    assert "待办" in chinese
    assert "To do" in english


def test_an_approval_is_shown_in_the_readers_language_where_it_has_one(feishu: Simulator):
    english = {
        "locale": "en-US",
        "is_default": False,
        "texts": [{"key": "@i18n@node", "value": "Second opinion"}, {"key": "@i18n@formname", "value": "What"}],
    }
    resources = [*definition()["i18n_resources"], english]
    ref = feishu.start(feishu.define(("N0", "AND"), i18n_resources=resources), {"N0": ["lead"]})

    assert "Second opinion" in feishu.http.get(f"/?lang=en&open={ref}").text
    assert "Second opinion" not in feishu.http.get(f"/?lang=zh&open={ref}").text


def test_it_works_without_a_script(feishu: Simulator):
    ref = request(feishu)

    form = {"ref": ref, "as": "lead", "decision": "approve", "comment": "fine", "open": ref, "tab": "inbox"}
    answer = feishu.http.post("/ui/decide", data=form)

    assert (answer.status_code, answer.headers["location"]) == (303, f"/?as=lead&tab=inbox&open={ref}")
    again = feishu.http.post("/ui/decide", data=form)
    assert "error=" in again.headers["location"]
    assert feishu.read(ref)["timeline"][-1]["comment"] == "fine"


def test_a_form_sent_by_another_site_is_refused(feishu: Simulator):
    ref = request(feishu)

    answer = feishu.http.post(
        "/ui/decide",
        data={"ref": ref, "as": "lead", "decision": "approve"},
        headers={"origin": "https://evil.example", "accept": "application/json"},
    )

    assert answer.status_code == 403
    assert feishu.read(ref)["task_list"][0]["status"] == "PENDING"


def test_nobody_decides_in_nobodys_name(feishu: Simulator):
    ref = request(feishu)

    form = {"ref": ref, "as": "", "decision": "approve"}
    answer = feishu.http.post("/ui/decide", data=form, headers={"accept": "application/json"})

    assert answer.json()["ok"] is False
    assert feishu.read(ref)["task_list"][0]["status"] == "PENDING"


@pytest.fixture
def page(feishu: Simulator) -> Iterator[Page]:
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=_CHROMIUM, args=_FLAGS)
        page = chromium.new_page(base_url=feishu.base_url, locale="en-US")
        problems: list[str] = []
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.on("console", lambda said: problems.append(said.text) if said.type == "error" else None)
        yield page
        chromium.close()
        assert problems == []


@pytest.mark.browser
@browser
def test_a_new_approval_appears_by_itself_and_is_approved_with_a_comment(feishu: Simulator, page: Page):
    page.goto("/?as=lead")
    expect(page.get_by_text("Nothing waits for you")).to_be_visible()

    ref = request(feishu)
    page.get_by_role("link", name="Deploy web 1.42.0").click()
    page.get_by_placeholder("Say why").fill("Looks good")
    page.get_by_role("button", name="Approve").click()

    expect(page.locator(".stages").get_by_text("Looks good")).to_be_visible()
    expect(page.get_by_text("Nothing waits for you")).to_be_visible()
    entry = feishu.read(ref)["timeline"][-1]
    assert (entry["type"], entry["user_id"], entry["comment"]) == ("PASS", "lead", "Looks good")


@pytest.mark.browser
@browser
def test_a_comment_being_typed_survives_a_refresh(feishu: Simulator, page: Page):
    ref = request(feishu)
    page.goto(f"/?as=lead&open={ref}")
    page.get_by_placeholder("Say why").fill("half a sent")

    request(feishu, title="Another one")
    expect(page.get_by_role("link", name="Another one")).to_be_visible()

    expect(page.get_by_placeholder("Say why")).to_have_value("half a sent")


@pytest.mark.browser
@browser
def test_a_task_is_transferred_and_a_request_withdrawn(feishu: Simulator, page: Page):
    ref = request(feishu)
    page.goto(f"/?as=lead&open={ref}")
    page.get_by_text("Transfer to…").click()
    page.get_by_label("Transfer to…").select_option("release")
    page.get_by_role("button", name="Transfer").click()
    expect(page.get_by_text("handed over to Sofia Berg")).to_be_visible()

    page.goto(f"/?as=dev&tab=started&open={ref}")
    page.locator("summary", has_text="Withdraw").click()
    page.get_by_role("button", name="Withdraw").click()

    expect(page.locator(".card-head .badge")).to_have_text("Withdrawn")
    assert feishu.read(ref)["status"] == "CANCELED"


@pytest.mark.browser
@browser
def test_somebody_else_can_be_chosen(feishu: Simulator, page: Page):
    request(feishu)
    page.goto("/?as=dev")

    page.get_by_label("Switch person").click()
    page.get_by_role("link", name="林悦").click()

    expect(page.get_by_role("link", name="Deploy web 1.42.0")).to_be_visible()


@pytest.mark.browser
@browser
def test_deliveries_are_shown_and_repeated(feishu: Simulator, listening: Receiver, page: Page):
    request(feishu)
    listening.events(2)
    page.goto("/?as=lead")
    expect(page.locator(".delivery.delivered")).to_have_count(2)

    page.get_by_label("Deliver again").first.click()

    assert listening.events(1)[0]["type"] == "approval_task"


@pytest.mark.browser
@browser
def test_on_a_phone_the_list_gives_way_to_the_approval(feishu: Simulator, page: Page):
    request(feishu)
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto("/?as=lead")
    item = page.locator("a.item").bounding_box()
    assert item is not None
    assert item["x"] + item["width"] <= 390
    page.get_by_role("link", name="Deploy web 1.42.0").click()

    expect(page.get_by_role("button", name="Approve")).to_be_visible()
    expect(page.locator(".side")).to_be_hidden()
    width = page.evaluate("document.documentElement.scrollWidth")
    assert width <= 390
    page.get_by_role("link", name="Back").click()
    expect(page.locator(".side")).to_be_visible()
