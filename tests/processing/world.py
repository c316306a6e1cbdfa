"""A project with a person, and what tests of processing do with them."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from earmark.identity.projects import create_project, get_tenant
from earmark.library.end_users import create_end_user
from earmark.library.recordings import create_recording
from earmark.media.uploads import attach
from earmark.runtime import Runtime
from earmark.storage.tenant import Tenant
from earmark.transcripts.types import ParsedTranscript, Segment

TALK = ParsedTranscript((Segment(0, 4_000, "The lantern is launched in July.", "Ada"),), "en")


@dataclass(frozen=True)
class Person:
    """An end user: the project's handle, the narrowed one, and its id."""

    runtime: Runtime
    tenant: Tenant
    owner: Tenant
    id: str

    async def recording(self) -> str:
        return (await create_recording(self.owner, name="Lanterns")).id

    async def upload(self, recording_id: str, sound: bytes = b"sound") -> None:
        staged = await self.runtime.media.stage()
        await staged.write(sound)
        await staged.finish()
        assert staged.sha256 == hashlib.sha256(sound).hexdigest()
        await attach(self.tenant, self.runtime.media, recording_id, "audio/ogg", staged)

    async def transcribe(self, recording_id: str) -> str:
        return (await self.runtime.ingester.put_transcript(self.tenant, recording_id, TALK))[0].id


async def new_person(runtime: Runtime, tenant: Tenant | None = None) -> Person:
    if tenant is None:
        tenant = await get_tenant(runtime.operator, (await create_project(runtime.operator, "tests")).id, "live")
    user = await create_end_user(tenant)
    return Person(runtime, tenant, tenant.acting_for(user.id, user.number), user.id)
