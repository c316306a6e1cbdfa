"""Imports an exported session in the test's own process."""

from __future__ import annotations

from earmark.ask.exchange import importing
from earmark.ask.exchange.documents import SessionDocument
from earmark.ask.exchange.importing import Spoken
from earmark.ask.types import Session
from earmark.storage.tenant import Tenant


async def import_session(tenant: Tenant, document: SessionDocument) -> tuple[Session, bool]:
    """Import a checked export."""

    async def make_rows(spoken: Spoken) -> list[importing.Rows]:
        return list(importing.message_rows(document, spoken))

    return await importing.import_session(tenant, importing.receive_session(document), make_rows)
