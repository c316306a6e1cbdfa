"""Every room's registration: its kinds of job, what it deletes, and the tasks that a server process runs for it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field

from earmark.ask import deletion as ask_deletion
from earmark.ask import jobs as ask_jobs
from earmark.idempotency import jobs as idempotency_jobs
from earmark.imports import jobs as import_jobs
from earmark.jobs import upkeep
from earmark.jobs.kinds import JobKind
from earmark.library.deletion import RoomDeletion
from earmark.limits import jobs as limits_jobs
from earmark.media import deletion as media_deletion
from earmark.oauth import jobs as oauth_jobs
from earmark.oidc import jobs as oidc_jobs
from earmark.retrieval import deletion as retrieval_deletion
from earmark.runtime.parts import Parts
from earmark.sharing import jobs as sharing_jobs
from earmark.speech import deletion as speech_deletion
from earmark.speech import jobs as speech_jobs
from earmark.webhooks import erasure as webhook_erasure
from earmark.webhooks import jobs as webhook_jobs
from earmark.webhooks.reading import relay

Task = Callable[[], Awaitable[None]]


@dataclass(frozen=True)
class Room:
    """What one room adds to the whole. Its tables and routes are listed in `storage/tables` and `api/routes`."""

    kinds: Sequence[JobKind] = ()
    deletion: RoomDeletion | None = None
    tasks: Mapping[str, Task] = field(default_factory=dict)
    """By the name that logs and `earmark doctor` show."""
    at_end: Task | None = None
    """Called when the tasks have stopped."""


def registered(parts: Parts) -> list[Room]:
    """Return all rooms. A new one is a line here."""
    ingester, media = parts.ingester, parts.media
    hearing = speech_jobs.Means(parts.engines, ingester, media, round(parts.settings.speech_max_hours * 3_600_000))
    last_used = parts.admission.last_used
    return [
        Room(upkeep.kinds()),
        Room(tasks={"last used": last_used.write_periodically}, at_end=last_used.write),
        Room(limits_jobs.kinds(parts.rates), tasks={"rate limits": parts.rates.share_counts}),
        Room(idempotency_jobs.kinds()),
        Room(media_deletion.kinds(media, {"imp": import_jobs.kept_uploads}), media_deletion.deletion(media)),
        Room([*ingester.kinds(), *parts.reindexer.kinds()], retrieval_deletion.deletion()),
        Room(import_jobs.kinds(ingester, media)),
        Room(speech_jobs.kinds(hearing), speech_deletion.deletion()),
        Room(
            ask_jobs.kinds(), ask_deletion.deletion(),
            {"suggestions": lambda: parts.suggester.follow(parts.operator)},
        ),
        Room(parts.summariser.kinds()),
        Room(
            webhook_jobs.kinds(parts.sender, parts.sealer, parts.metrics), webhook_erasure.deletion(),
            {"webhook events": lambda: relay(parts.operator)},
        ),
        Room(oidc_jobs.kinds()),
        Room(sharing_jobs.kinds()),
        Room(oauth_jobs.kinds()),
        Room([*parts.reactor.kinds(), *parts.retention.kinds()], tasks={"processing": parts.reactor.follow}),
    ]  # fmt: skip
