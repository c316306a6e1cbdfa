"""Column types and helpers for all tables."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy import BigInteger, Column, ForeignKeyConstraint, MetaData, Text

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

Key = Text().with_variant(Text(collation="C"), "postgresql")
"""Text that is ordered and looked up by its bytes: ids, terms and the like."""

Int = BigInteger().with_variant(sa.Integer(), "sqlite")


def tenant() -> Column[int]:
    """Return the first key column of every table with customers' data."""
    return Column("tenant_id", Int, primary_key=True, autoincrement=False)


def own_id() -> Column[str]:
    """Return the id column, unique within its tenant."""
    return Column("id", Key, primary_key=True)


def to(parent: str, *columns: str, parent_columns: tuple[str, ...] = ("id",)) -> ForeignKeyConstraint:
    """Return a foreign key whose rows are deleted with their parent."""
    return ForeignKeyConstraint(
        ["tenant_id", *columns],
        [f"{parent}.tenant_id", *(f"{parent}.{name}" for name in parent_columns)],
        ondelete="CASCADE",
    )
