"""Counting calls, with a server that answers as a simulator's call log does."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from bench.provider_calls import measure_provider_calls

CALLS: list[dict[str, str]] = []


class CallLog(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        body = json.dumps({"calls": CALLS}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Nothing."""


@pytest.fixture
def simulator() -> Iterator[str]:
    CALLS.clear()
    with ThreadingHTTPServer(("127.0.0.1", 0), CallLog) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def test_the_first_approvals_token_and_form_are_not_counted(simulator: str) -> None:
    def approve(_provider: str, number: int) -> None:
        if number == 0:
            CALLS.append({"method": "POST", "path": "/open-apis/auth/v3/tenant_access_token/internal"})
        CALLS.append({"method": "POST", "path": "/open-apis/approval/v4/instances"})
        CALLS.append({"method": "GET", "path": f"/open-apis/approval/v4/instances/81D31358-93AF-{number:012}"})

    section = measure_provider_calls({"feishu": simulator}, approve, approvals=4)

    which = "POST /open-apis/approval/v4/instances 1, GET /open-apis/approval/v4/instances/{id} 1"
    assert list(section.rows) == [("feishu", "2.00", which)]


def test_only_a_simulator_on_this_machine_is_asked() -> None:
    with pytest.raises(ValueError, match="not a simulator"):
        measure_provider_calls({"feishu": "https://open.feishu.cn"}, lambda _provider, _number: None, approvals=1)
