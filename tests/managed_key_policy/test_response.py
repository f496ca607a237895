"""The answer as it goes over the wire to the address that CloudFormation gives."""

import json
import runpy
import threading
from collections.abc import Iterator
from contextlib import nullcontext
from http.server import BaseHTTPRequestHandler, HTTPServer
from types import SimpleNamespace
from typing import Any

import pytest

from personalize_kms_constructs._managed_key_policy import function as key_policy_function
from tests.managed_key_policy.conftest import (
    KEY,
    Aws,
    Function,
    context_of,
    event_of,
    properties,
    statement,
)

SEND = key_policy_function.send

Received = list[tuple[str, str | None, bytes]]


@pytest.fixture
def received() -> Received:
    """Method, content type and body of every request to the response address."""
    return []


@pytest.fixture
def response_url(received: Received) -> Iterator[str]:
    """An address that takes responses, as that of CloudFormation in S3 does."""

    class Handler(BaseHTTPRequestHandler):
        def do_PUT(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            received.append(("PUT", self.headers["Content-Type"], body))
            self.send_response(200)
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/?signature"
        server.shutdown()


@pytest.fixture
def context(function: Function, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Lambda's context, for a function that sends its answers."""
    monkeypatch.setattr(key_policy_function, "send", SEND)
    function.keys.append({"Owner": "KeyPolicy", "Arn": KEY, "Sids": {"A": 0}})
    return context_of(900)


@pytest.fixture
def takes_local_addresses(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have the server of these tests in the place of AWS's endpoint."""
    monkeypatch.setattr(key_policy_function, "ANSWERS_TO", ("http://127.0.0.1:",))


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:9001/", "file:///etc/passwd", "ftp://response.invalid/", ""]
)
def test_an_address_that_is_not_one_of_cloudformation(aws: Aws, context: Any, url: str) -> None:
    """Nothing is done for a call that isn't CloudFormation's."""
    with pytest.raises(
        key_policy_function.RefusedError, match="not to an https address of CloudFormation"
    ):
        key_policy_function.handler(event_of("Create", statement("A"), ResponseURL=url), context)
    assert aws.writes == []


@pytest.mark.parametrize(
    ("endpoint", "addresses"),
    [
        (None, ("https://",)),
        ("", ("https://",)),
        ("http://127.0.0.1:4566", ("https://", "http://127.0.0.1:4566/")),
        ("http://127.0.0.1:4566/", ("https://", "http://127.0.0.1:4566/")),
    ],
)
def test_addresses_beside_those_of_cloudformation(
    monkeypatch: pytest.MonkeyPatch, endpoint: str | None, addresses: tuple[str, ...]
) -> None:
    """An emulator's address is allowed, but no other host or port whose name begins like it."""
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    if endpoint is not None:
        monkeypatch.setenv("AWS_ENDPOINT_URL", endpoint)
    assert runpy.run_path(key_policy_function.__file__)["ANSWERS_TO"] == addresses


@pytest.mark.usefixtures("takes_local_addresses")
def test_one_response_of_success(response_url: str, received: Received, context: Any) -> None:
    """An empty content type, which the address is signed for, and what CloudFormation asks for."""
    event = event_of("Create", statement("A"), ResponseURL=response_url)
    key_policy_function.handler(event, context)

    ((method, content_type, body),) = received
    assert (method, content_type) == ("PUT", "")
    assert json.loads(body) == {
        "StackId": "stack",
        "RequestId": "request",
        "LogicalResourceId": "KeyPolicy",
        "Status": "SUCCESS",
        "PhysicalResourceId": KEY,
        "Reason": "",
    }


@pytest.mark.usefixtures("takes_local_addresses")
@pytest.mark.parametrize(
    ("asked", "reason"),
    [
        (("Create", {}), "KeyError: 'KeyArn'"),
        (
            ("Create", properties(statement("A"), key="no-key")),
            "the function may not write statement A",
        ),
        (("Update", None), "TypeError: "),
        (("Delete", None), "TypeError: "),
    ],
    ids=["nothing", "no key", "update", "delete"],
)
def test_one_response_of_failure(
    response_url: str, received: Received, context: Any, asked: tuple[str, Any], reason: str
) -> None:
    """Every failure is answered once."""
    request_type, values = asked
    event = event_of(request_type, ResponseURL=response_url, ResourceProperties=values)
    key_policy_function.handler(event, context)

    ((_, _, body),) = received
    assert json.loads(body)["Status"] == "FAILED"
    assert json.loads(body)["Reason"].startswith(reason)


def test_a_long_reason_is_cut(response_url: str, received: Received) -> None:
    """CloudFormation takes 4,096 bytes, and waits for an hour when there are more."""
    key_policy_function.send(response_url, {"Reason": '"日' * 5000})

    ((_, _, body),) = received
    assert len(body) < 3500
    assert json.loads(body)["Reason"] == '"?' * 750


@pytest.mark.parametrize("failures", [2, 9])
def test_a_response_is_sent_again(aws: Aws, monkeypatch: pytest.MonkeyPatch, failures: int) -> None:
    """Lambda would call the function again, which costs more.

    There are 32 seconds for it, and then it is an error.
    """
    timeouts: list[float] = []

    def fail(_: Any, timeout: float) -> Any:
        timeouts.append(timeout)
        if len(timeouts) <= failures:
            raise OSError("reset")
        return SimpleNamespace(close=lambda: None)

    monkeypatch.setattr("urllib.request.urlopen", fail)
    with pytest.raises(OSError, match="reset") if failures > 2 else nullcontext():
        SEND("https://response.invalid/", {"Reason": ""})
    assert (timeouts, aws.now) == ([10, 10, 10], 2)
