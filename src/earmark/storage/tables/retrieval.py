"""Tables of the index: chunks, postings, vectors and ranking statistics."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Column, ForeignKeyConstraint, Index, LargeBinary, MetaData, Table, Text
from sqlalchemy.types import UserDefinedType

from earmark.storage.tables.columns import Int, Key, metadata, tenant, to

recording_indexes = Table(
    "recording_indexes",  # one row per indexed recording: statistics for ranking
    metadata,
    tenant(),
    Column("end_user_no", Int, primary_key=True, autoincrement=False),
    Column("recording_no", Int, primary_key=True, autoincrement=False),
    Column("recording_id", Key, nullable=False),
    Column("transcription_id", Key, nullable=False),
    Column("embedder", Key, nullable=False),
    Column("language", Key),
    Column("chunk_count", Int, nullable=False),
    Column("chunk_lengths", LargeBinary, nullable=False),  # terms in each chunk, little-endian uint32
    Column("revision", Int, nullable=False, server_default="1"),  # of the transcript, whose words these are
    Column("vector_counts", LargeBinary),  # vectors of each chunk, little-endian uint32; None (old rows): one each
    to("recordings", "recording_id"),
    Index(None, "tenant_id", "recording_id"),
    sqlite_with_rowid=False,
)

vector_blocks = Table(
    "vector_blocks",  # separate from `recording_indexes`, so that reading statistics does not read vectors
    metadata,
    tenant(),
    Column("end_user_no", Int, primary_key=True, autoincrement=False),
    Column("recording_no", Int, primary_key=True, autoincrement=False),
    Column("vectors", LargeBinary, nullable=False),  # int8, one row a vector, in order of the chunks
    ForeignKeyConstraint(
        ["tenant_id", "end_user_no", "recording_no"],
        ["recording_indexes.tenant_id", "recording_indexes.end_user_no", "recording_indexes.recording_no"],
        ondelete="CASCADE",
    ),
)

staged_vectors = Table(
    "staged_vectors",  # new vectors of an unfinished `earmark reindex`; search doesn't use them
    metadata,
    tenant(),
    Column("end_user_no", Int, primary_key=True, autoincrement=False),
    Column("recording_no", Int, primary_key=True, autoincrement=False),
    Column("embedder", Key, nullable=False),
    Column("vectors", LargeBinary, nullable=False),
    Column("vector_counts", LargeBinary),
    ForeignKeyConstraint(
        ["tenant_id", "end_user_no", "recording_no"],
        ["recording_indexes.tenant_id", "recording_indexes.end_user_no", "recording_indexes.recording_no"],
        ondelete="CASCADE",
    ),
)

chunks = Table(
    "chunks",
    metadata,
    tenant(),
    Column("recording_id", Key, primary_key=True),
    Column("ordinal", Int, primary_key=True, autoincrement=False),
    Column("end_user_id", Key, nullable=False),
    Column("id", Key, nullable=False),
    Column("first_segment", Int, nullable=False),
    Column("last_segment", Int, nullable=False),
    Column("start_ms", Int, nullable=False),
    Column("end_ms", Int, nullable=False),
    Column("speaker", Text),
    to("recordings", "recording_id"),
    sqlite_with_rowid=False,
)

postings = Table(
    "postings",
    metadata,
    tenant(),
    Column("end_user_no", Int, primary_key=True, autoincrement=False),
    Column("term", Key, primary_key=True),
    Column("recording_no", Int, primary_key=True, autoincrement=False),
    Column("occurrences", LargeBinary, nullable=False),  # (chunk ordinal, term frequency) pairs, packed
    ForeignKeyConstraint(
        ["tenant_id", "end_user_no", "recording_no"],
        ["recording_indexes.tenant_id", "recording_indexes.end_user_no", "recording_indexes.recording_no"],
        ondelete="CASCADE",
    ),
    Index(None, "tenant_id", "end_user_no", "recording_no"),
    sqlite_with_rowid=False,
)


class HalfVector(UserDefinedType[str]):
    """pgvector's `halfvec`, written as text: `[1,-2,3]`."""

    cache_ok = True

    def get_col_spec(self, **_: Any) -> str:
        return "halfvec"


# Made by the migration where the extension is there; not in `metadata`, which is every database's.
chunk_vectors = Table(
    "chunk_vectors",
    MetaData(),
    Column("tenant_id", Int, primary_key=True),
    Column("end_user_no", Int, primary_key=True),
    Column("recording_no", Int, primary_key=True),
    Column("ordinal", Int, primary_key=True),
    Column("embedding", HalfVector),
)
