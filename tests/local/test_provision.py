"""Furnishing a fresh stack."""

import json

import httpx

from local.provision import connect_app

_ADDRESS = "http://127.0.0.1:9/callbacks/feishu/demo/feishu-demo"


def test_a_request_address_is_saved_again_until_a_slow_machine_has_started_the_function() -> None:
    checks = []

    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.path == "/v1/apps":
            return httpx.Response(201, json={"callback_url": _ADDRESS})
        if "request_url" not in json.loads(request.content):
            return httpx.Response(200, json={"ok": True})
        checks.append(json.loads(request.content)["request_url"])
        return httpx.Response(200 if len(checks) > 12 else 400, json={"error": "did not answer within 1 s"})

    with httpx.Client(transport=httpx.MockTransport(answer)) as http:
        app = connect_app(http, "feishu", "http://platform", "http://gate", "agt_1", pause=lambda _: None)

    assert app == "feishu-demo"
    assert checks == [_ADDRESS] * 13
