"""Clients: by the metadata document that their id is the address of, or registered by themselves."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from typing import Any, Final

import orjson

from earmark.clock import now_us
from earmark.errors import InvalidError
from earmark.identity.sign_in import rate_slot
from earmark.ids import new_id
from earmark.oauth import queries
from earmark.oauth.errors import ClientUnknownError, OAuthError, TooManyClientsError
from earmark.oauth.redirects import is_allowed
from earmark.oauth.types import DAY_US, GRANT_LIFE_US, Client
from earmark.outbound.sending import NotAnsweredError, Request, Sender
from earmark.storage.tenant import Operator
from earmark.strict_json import parse_json

REGISTRATIONS_PER_HOUR: Final = 20
_HOUR_US: Final = 3_600_000_000
_CACHED_US: Final = DAY_US
_UNUSED_US: Final = DAY_US
_LEFT_US: Final = GRANT_LIFE_US + DAY_US
"""After its last use: whatever a client was granted has ended by then."""
_FETCH_S: Final = 5.0
_DOCUMENT_BYTES: Final = 64 * 1024
_LONGEST_ID: Final = 1_024
_MOST_URIS: Final = 10
_LONGEST_NAME: Final = 100
_REGISTERED: Final = re.compile(r"oac_[A-Za-z0-9]{24}\Z")
_DOCUMENT: Final = re.compile(r"https://[^/?#@\\\s]+/[^?#\\\s]+\Z")
_HIDDEN: Final = re.compile("[\\x00-\\x1f\\x7f-\\x9f\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]")


class Clients:
    """Finds and registers clients.

    Args:
        sender: fetches metadata documents, from public addresses only.
    """

    def __init__(self, operator: Operator, sender: Sender) -> None:
        self._operator = operator
        self._sender = sender

    async def find(self, client_id: str, *, may_fetch: bool = True) -> Client:
        """Return a client; its metadata document is fetched if it is not known, or was fetched a day ago.

        Raises: ClientUnknownError.
        """
        is_document = _is_document_id(client_id)
        if not is_document and not _REGISTERED.match(client_id):
            raise ClientUnknownError("the id is not the URL of a metadata document, and was not registered here.")
        row = await self._operator.fetch_one(queries.select_client, {"client_id": client_id})
        if row is not None and (not is_document or not may_fetch or row[-1] > now_us() - _CACHED_US):
            return Client(row[0], row[1], tuple(orjson.loads(row[2])), is_document)
        if not is_document or not may_fetch:
            raise ClientUnknownError("it was not registered here, or not used within a day.")
        client = await self._fetch(client_id)
        await self._store(client, made_by=None)
        return client

    async def _fetch(self, url: str) -> Client:
        request = Request("GET", url, {"Accept": "application/json", "Accept-Encoding": "identity"})
        try:
            answer = await self._sender.send(request, deadline_s=_FETCH_S, limit_bytes=_DOCUMENT_BYTES + 1)
        except NotAnsweredError as error:
            raise ClientUnknownError("its document can't be read.") from error
        if answer.status != 200 or len(answer.body) > _DOCUMENT_BYTES:
            raise ClientUnknownError("its document can't be read.")
        try:
            document = parse_json(answer.body)
        except InvalidError as error:
            raise ClientUnknownError("its document is not JSON.") from error
        if not isinstance(document, dict) or document.get("client_id") != url:
            raise ClientUnknownError("its document names another client.")
        try:
            return Client(url, *_read_metadata(document), is_document=True)
        except OAuthError as error:
            raise ClientUnknownError(error.message) from error

    async def register(self, document: Any, address: str) -> Client:
        """Register a client by its own metadata; it is deleted after a day unless it gets tokens.

        Args:
            address: the client's; at most 20 an hour are registered from each, or from each IPv6 network of 64 bits.

        Raises: OAuthError.
        """
        if not isinstance(document, dict):
            raise OAuthError("invalid_client_metadata", "Send a JSON object.")
        name, uris = _read_metadata(document)
        made_by = hashlib.sha256(b"%d" % rate_slot(address)).hexdigest()
        counted = {"of_made_by": made_by, "after_us": now_us() - _HOUR_US}
        row = await self._operator.fetch_one(queries.count_clients, counted)
        if row is not None and row[0] >= REGISTRATIONS_PER_HOUR:
            raise TooManyClientsError
        client = Client(new_id("oac"), name, uris, is_document=False)
        await self._store(client, made_by=made_by)
        return client

    async def _store(self, client: Client, *, made_by: str | None) -> None:
        row = {
            "id": client.id, "name": client.name, "redirect_uris_json": orjson.dumps(client.redirect_uris).decode(),
            "made_by": made_by, "used_us": None, "created_us": now_us(),
        }  # fmt: skip
        await self._operator.write((queries.delete_client, {"client_id": client.id}), (queries.insert_client_once, row))

    async def note_use(self, client_id: str) -> None:
        """Note that a registered client got tokens for a grant: it stays, without the hash of where it was made."""
        await self._operator.write((queries.update_client_used, {"client_id": client_id, "now_us": now_us()}))


def _is_document_id(client_id: str) -> bool:
    """Source: OAuth Client ID Metadata Document draft, section 3: https, a path, no fragment, no dot segments."""
    if len(client_id) > _LONGEST_ID or not client_id.isascii() or not _DOCUMENT.match(client_id):
        return False
    return not {".", ".."} & set(client_id.split("/"))


def _read_metadata(document: Mapping[str, Any]) -> tuple[str, tuple[str, ...]]:
    """Return the name and the redirect addresses of a client's metadata. Source: RFC 7591, section 2.

    Raises: OAuthError.
    """
    uris = document.get("redirect_uris")
    if not isinstance(uris, list) or not 0 < len(uris) <= _MOST_URIS:
        raise OAuthError("invalid_redirect_uri", f"redirect_uris must list 1 to {_MOST_URIS} addresses.")
    if not all(isinstance(one, str) and is_allowed(one) for one in uris):
        raise OAuthError("invalid_redirect_uri", "A redirect address must be https, on this machine, or an app's own.")
    if document.get("token_endpoint_auth_method", "none") != "none" or "client_secret" in document:
        problem = "Only public clients are accepted: token_endpoint_auth_method none."
        raise OAuthError("invalid_client_metadata", problem)
    name = document.get("client_name", "")
    if not isinstance(name, str):
        raise OAuthError("invalid_client_metadata", "client_name must be a text.")
    return _HIDDEN.sub("", name).strip()[:_LONGEST_NAME] or "An app without a name", tuple(uris)


async def sweep(operator: Operator) -> None:
    """Delete registered clients without a grant, and documents read a day ago.

    A client that never got tokens is deleted after a day, others once every grant they can have had has ended.
    """
    now = now_us()
    params = {"before_us": now - _UNUSED_US, "left_before_us": now - _LEFT_US}
    await operator.write((queries.delete_unused_clients, params))
