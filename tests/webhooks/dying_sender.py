"""A process that delivers and dies by SIGKILL: `python -m tests.webhooks.dying_sender WHEN NUMBER`, settings as usual.

`before` dies between the commit that marks its delivery NUMBER and the request, `after` between the request and the
commit of its outcome.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from ipaddress import ip_network

from earmark.config import load_settings
from earmark.jobs.claiming import new_process
from earmark.jobs.worker import Worker
from earmark.outbound.addresses import AddressRules
from earmark.outbound.sending import Answer, Request, Sender
from earmark.sealing import Sealer
from earmark.storage.open import open_database
from earmark.storage.tenant import Operator
from earmark.webhooks.jobs import kinds
from earmark.webhooks.reading import relay

LEASE_S = 0.3


class DyingSender(Sender):
    """Dies at its request with a number."""

    def __init__(self, when: str, number: int) -> None:
        super().__init__(AddressRules((ip_network("127.0.0.0/8"),)))
        self._when = when
        self._left = number

    async def send(self, request: Request, *, deadline_s: float, limit_bytes: int) -> Answer:
        self._left -= 1
        is_last = self._left == 0  # decided now: the other lane may count on while this request is under way
        if is_last and self._when == "before":
            os.kill(os.getpid(), signal.SIGKILL)
        answer = await super().send(request, deadline_s=deadline_s, limit_bytes=limit_bytes)
        if is_last:
            os.kill(os.getpid(), signal.SIGKILL)
        return answer


async def main(when: str, number: int) -> None:
    """Deliver until the request at which to die."""
    settings = load_settings()
    operator = Operator(await open_database(settings))
    worker = Worker(
        operator, kinds(DyingSender(when, number), Sealer(settings.data_dir, None)), new_process("host", LEASE_S, 1)
    )
    async with asyncio.timeout(60):
        await asyncio.gather(worker.run(), worker.renew_leases(), operator.database.listen(), relay(operator))


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2])))
