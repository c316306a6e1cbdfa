"""Tables of OAuth: clients, which are nobody's, the grants of end users, and which credentials are a grant's."""

from __future__ import annotations

from sqlalchemy import Column, Index, Table, Text

from earmark.storage.tables.columns import Int, Key, metadata, own_id, tenant, to

oauth_clients = Table(
    "oauth_clients",
    metadata,
    Column("id", Key, primary_key=True),  # a document's address, or `oac_…`
    Column("name", Text, nullable=False),
    Column("redirect_uris_json", Text, nullable=False),
    Column("made_by", Key),  # the hash of the address that registered it, empty once it is used; null: a document
    Column("used_us", Int),  # when it was last granted something
    Column("created_us", Int, nullable=False),  # or when its document was read
    Index(None, "made_by", "created_us"),
)

oauth_grants = Table(
    "oauth_grants",
    metadata,
    tenant(),
    own_id(),
    Column("end_user_id", Key, nullable=False),
    Column("client_id", Key, nullable=False),
    Column("client_name", Text, nullable=False),
    Column("scopes_json", Text, nullable=False),
    Column("created_us", Int, nullable=False),
    Column("expires_us", Int, nullable=False),
    Column("last_used_us", Int),  # when tokens were last issued; null: its code was not exchanged
    Column("revoked_us", Int),
    to("end_users", "end_user_id"),
    Index(None, "tenant_id", "end_user_id", "created_us", "id"),
    Index(None, "tenant_id", "created_us", "id"),
)

oauth_credentials = Table(
    "oauth_credentials",  # codes, refresh tokens and access tokens; the rest of them is in `api_keys`
    metadata,
    tenant(),
    Column("key_id", Key, primary_key=True),
    Column("end_user_id", Key, nullable=False),
    Column("grant_id", Key, nullable=False),
    Column("redirect_uri", Text),  # of a code
    Column("code_challenge", Text),  # of a code
    to("api_keys", "key_id"),
    to("oauth_grants", "grant_id"),
    Index(None, "tenant_id", "grant_id"),
)
