"""What waits for its turn costs others nothing: discarded bytes, and requests whose clients are gone."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from earmark.api.edge.protocol import PatientProtocol
from earmark.api.pipeline.call import Call
from earmark.api.pipeline.errors import ClientGoneError
from earmark.fair_slots import NOBODY, FairSlots


class _Line:
    """A connection that is lingering, and its loop."""

    def __init__(self) -> None:
        self.is_read = True
        self.is_shut = False
        self.later: list[Callable[[], None]] = []
        protocol: Any = PatientProtocol.__new__(PatientProtocol)
        protocol.is_lingering = True
        protocol.limits = SimpleNamespace(discard=lambda _: None, is_exceeded=lambda: False)
        protocol.flow = SimpleNamespace(pause_reading=self._pause, resume_reading=self._resume)
        protocol.loop = SimpleNamespace(call_later=lambda _, work: self.later.append(work))
        protocol.transport = SimpleNamespace(is_closed=lambda: self.is_shut)
        self.protocol = protocol

    def _pause(self) -> None:
        self.is_read = False

    def _resume(self) -> None:
        self.is_read = True


def test_after_each_piece_that_is_discarded_the_loop_reads_nothing_for_a_while() -> None:
    line = _Line()
    line.protocol.data_received(b"x" * 100_000)
    assert not line.is_read
    line.later.pop()()
    assert line.is_read
    line.protocol.data_received(b"x")
    line.is_shut = True
    line.later.pop()()
    assert not line.is_read


def call_with(slots: FairSlots, receive: Any) -> Call:
    call = Call.__new__(Call)
    call.receive, call.linked = receive, NOBODY
    call.runtime = SimpleNamespace(admission=SimpleNamespace(heavy=slots))  # type: ignore[assignment]
    return call


async def test_a_request_whose_client_is_gone_when_its_turn_comes_is_not_begun() -> None:
    slots, gone = FairSlots(1), asyncio.Event()

    async def receive() -> Any:
        await gone.wait()
        return {"type": "http.disconnect"}

    async def work() -> str:
        async with call_with(slots, receive).heavy():
            return "done"

    assert await work() == "done"
    async with slots.hold((None, None)):
        queued = asyncio.create_task(work())
        await asyncio.sleep(0)
        gone.set()
        await asyncio.sleep(0)
    with pytest.raises(ClientGoneError):
        await queued
    async with slots.hold((None, None)):  # and has given its turn back
        pass
