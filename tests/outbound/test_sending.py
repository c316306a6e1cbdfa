"""Requests to receivers that behave badly, and to names that change."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import ip_network
from pathlib import Path

import pytest

from earmark.outbound.addresses import AddressRules
from earmark.outbound.sending import Answer, NotAnsweredError, Request, Sender
from tests.outbound.certificates import Authority
from tests.webhooks.receiver import Got, Handler, Receiver, huge, receiving, reset, status

HERE = AddressRules((ip_network("127.0.0.0/8"),))


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as one:
        yield one


async def send(url: str, sender: Sender | None = None, deadline_s: float = 10) -> Answer:
    request = Request("POST", url, {"Content-Type": "application/json"}, b"{}")
    return await (sender or Sender(HERE)).send(request, deadline_s=deadline_s, limit_bytes=1_024)


async def reason(url: str, sender: Sender | None = None, deadline_s: float = 10) -> str:
    with pytest.raises(NotAnsweredError) as caught:
        await send(url, sender, deadline_s)
    return caught.value.reason


async def test_a_request_arrives_as_it_was_sent(receiver: Receiver) -> None:
    answer = await send(receiver.url + "?a=1")
    assert (answer.status, answer.body) == (200, b"")
    [got] = receiver.got
    assert (got.path, got.body, got.headers["host"]) == ("/hook?a=1", b"{}", receiver.url.split("/")[2])
    assert "accept-encoding" not in got.headers


async def test_the_address_that_was_checked_is_connected_to_whatever_the_name_says_next(receiver: Receiver) -> None:
    """A resolver that answers a public-looking address first and another one later never gets a second question."""
    asked = 0

    async def resolve(host: str, port: int) -> list[str]:
        nonlocal asked
        asked += 1
        return ["127.0.0.1"] if asked == 1 else ["127.0.0.99"]

    port = receiver.url.rpartition(":")[2]
    answer = await send(f"http://rebinding.example:{port}", Sender(HERE, resolve))
    assert (answer.status, asked) == (200, 1)
    assert receiver.got[0].headers["host"].startswith("rebinding.example:")


async def test_a_name_that_has_turned_private_is_refused_when_it_is_sent_to(receiver: Receiver) -> None:
    async def resolve(host: str, port: int) -> list[str]:
        return ["8.8.8.8", "10.0.0.1"]

    assert await reason("https://example.org/", Sender(AddressRules(), resolve)) == "address_refused"
    assert receiver.got == []


async def test_a_certificate_must_be_for_the_name_in_the_url(tmp_path: Path) -> None:
    authority = Authority(tmp_path)

    async def resolve(host: str, port: int) -> list[str]:
        return ["127.0.0.1"]

    with receiving(context=authority.server("hooks.example")) as receiver:
        port = receiver.url.rpartition(":")[2].partition("/")[0]
        sender = Sender(HERE, resolve, authority.trusting)
        assert (await send(f"https://hooks.example:{port}/", sender)).status == 200
        assert receiver.got[0].headers["host"] == f"hooks.example:{port}"
        assert await reason(f"https://other.example:{port}/", sender) == "tls_failed"
        assert await reason(f"https://127.0.0.1:{port}/", sender) == "tls_failed"
        assert await reason(f"https://hooks.example:{port}/", Sender(HERE, resolve)) == "tls_failed"
        assert len(receiver.got) == 1


async def test_a_redirect_is_an_answer_and_is_not_followed(receiver: Receiver) -> None:
    with receiving(status(307, b"", Location=receiver.url)) as moved:
        assert (await send(moved.url)).status == 307
    assert receiver.got == []


async def test_of_a_huge_answer_only_the_first_kib_is_read() -> None:
    with receiving(huge) as receiver:
        answer = await send(receiver.url)
        assert (answer.status, len(answer.body)) == (200, 1_024)


async def test_a_connection_that_is_reset_refused_or_silent_has_a_reason() -> None:
    with receiving(reset) as receiver:
        assert await reason(receiver.url) in ("connection_broken", "protocol_error")
    assert await reason(receiver.url) == "connection_refused"
    with receiving() as silent:
        silent.answer = silent.hanging
        assert await reason(silent.url, deadline_s=0.3) == "timed_out"


async def test_a_head_counts_even_if_its_body_never_comes() -> None:
    def half(handler: Handler, _: Got) -> None:
        handler.send_response(200)
        handler.send_header("Content-Length", "100")
        handler.end_headers()
        handler.wfile.write(b"half")
        receiver.hold.wait(60)

    with receiving(half) as receiver:
        answer = await send(receiver.url, deadline_s=1.0)
        assert (answer.status, answer.body) == (200, b"half")


async def test_what_is_no_http_is_a_protocol_error() -> None:
    def nonsense(handler: Handler, _: Got) -> None:
        handler.wfile.write(b"SSH-2.0-OpenSSH_9.6\r\n")
        handler.close_connection = True

    with receiving(nonsense) as receiver:
        assert await reason(receiver.url) == "protocol_error"


async def test_the_next_address_of_a_name_is_tried_when_one_refuses(receiver: Receiver) -> None:
    async def resolve(host: str, port: int) -> list[str]:
        return ["127.0.0.9", "127.0.0.1"]

    port = receiver.url.rpartition(":")[2]
    assert (await send(f"http://two.example:{port}", Sender(HERE, resolve))).status == 200


async def test_a_proxy_of_the_environment_is_not_used(receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    with receiving(status(418)) as proxy:
        monkeypatch.setenv("HTTP_PROXY", proxy.url)
        monkeypatch.setenv("ALL_PROXY", proxy.url)
        assert (await send(receiver.url)).status == 200
        assert proxy.got == []
