"""The hash chain of a tenant's audit trail: each event's hash covers its fields and the hash of the one before.

Changing, removing, inserting or reordering events breaks the chain at the first of them; removing the last ones is
seen by the head, which is stored apart. Whoever may write the whole database could make all hashes anew: an export
kept elsewhere shows that (`earmark audit verify --against`). Events hold ids only, so that nothing in them needs to be
erased and the chain stays whole.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Self

from earmark.identity.types import AuditEvent

FORMAT = "earmark.audit/1"
_HASHED = ("seq", "previous", "id", "at_us", "actor", "action", "object_id")


@dataclass(frozen=True, slots=True)
class Head:
    """The end of a tenant's chain: the newest event's number and hash."""

    tenant_id: int
    seq: int = 0
    hash: str = "0" * 64

    def follow(self, event: Mapping[str, Any]) -> dict[str, Any]:
        """Return the row of the next event, from its own fields."""
        numbered = {**event, "seq": self.seq + 1}
        return {**numbered, "hash": hash_event(self.tenant_id, {**numbered, "previous": self.hash})}

    def after(self, event: AuditEvent) -> Self:
        """Return the head with this event as the newest."""
        return type(self)(self.tenant_id, event.seq, event.hash)

    def fault_of(self, event: AuditEvent) -> str | None:
        """Return what is wrong with the event that comes after this head, or None."""
        if event.seq != self.seq + 1:
            return f"event {self.seq + 1} is missing" if event.seq > self.seq else f"event {event.seq} is there twice"
        expected = hash_event(self.tenant_id, {**asdict(event), "previous": self.hash})
        return None if event.hash == expected else f"event {event.seq} ({event.id}) is not what was written"


def hash_event(tenant_id: int, event: Mapping[str, Any]) -> str:
    """Return the SHA-256 of an event, hexadecimal.

    Hashed is the JSON array of the format, the tenant and the fields of `_HASHED`, without spaces, as UTF-8.
    """
    hashed = [FORMAT, tenant_id, *(event[name] for name in _HASHED)]
    return hashlib.sha256(json.dumps(hashed, separators=(",", ":"), ensure_ascii=False).encode()).hexdigest()
