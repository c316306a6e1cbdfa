"""Where data is stored: folder, database, and the key of stored secrets."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, BaseModel, Field, SecretStr

_KEY = re.compile(r"[A-Za-z0-9_-]{43}=\Z")


def _check_keys(keys: SecretStr) -> SecretStr:
    if not all(_KEY.match(key.strip()) for key in keys.get_secret_value().split(",")):
        raise ValueError("must be 32 bytes in URL-safe base64, or several of these separated by commas")
    return keys


class FileSettings(BaseModel):
    """Files and database."""

    config: Path = Path("earmark.toml")
    """The TOML file; environment variables override it."""
    data_dir: Path = Path("earmark-data")
    """The folder of the database, audio and model caches."""
    database_url: str | None = None
    """`postgresql://…`; if absent, SQLite in `data_dir`."""
    migration_database_url: str | None = None
    """PostgreSQL: the URL of the tables' owner, for migrations; the server itself uses another role."""
    allow_unsafe_database_role: bool = False
    """PostgreSQL: start even as owner, superuser or with BYPASSRLS, which disables row-level security."""
    database_pool_size: Annotated[int, Field(ge=2)] = 10
    """PostgreSQL: connections that each server process may open; keep their sum below `max_connections`."""
    database_is_pooled: bool = False
    """PostgreSQL: `database_url` leads through a pooler in transaction mode, such as PgBouncer."""
    database_direct_url: str | None = None
    """PostgreSQL: the URL past the pooler, on which processes hear of each other's changes; else they look for them."""
    secrets_key: Annotated[SecretStr, AfterValidator(_check_keys)] | None = None
    """The key of stored secrets: 32 bytes in URL-safe base64, older ones after commas. Default: made in `data_dir`."""

    @property
    def database_path(self) -> Path:
        """The SQLite file."""
        return self.data_dir / "earmark.db"
