"""Tables of the configuration: what projects and end users set of each section. Switches and numbers, no words."""

from __future__ import annotations

from sqlalchemy import Column, Table, Text

from earmark.storage.tables.columns import Int, Key, metadata, tenant, to

project_configs = Table(
    "project_configs",
    metadata,
    tenant(),
    Column("section", Key, primary_key=True),  # processing | retention
    Column("value_json", Text, nullable=False),  # only what is set
    Column("earlier_json", Text),  # of retention: what its keys were in the last 24 h; processing/delaying.py
    Column("updated_us", Int, nullable=False),
)

end_user_configs = Table(
    "end_user_configs",
    metadata,
    tenant(),
    Column("end_user_id", Key, primary_key=True),
    Column("section", Key, primary_key=True),
    Column("value_json", Text, nullable=False),
    Column("earlier_json", Text),
    Column("updated_us", Int, nullable=False),
    to("end_users", "end_user_id"),
)
