"""Grants: what a signed link allows, and until when. The link alone suffices; no key is needed."""

from __future__ import annotations

from dataclasses import astuple, dataclass
from typing import Literal

import orjson

from earmark.media.errors import LinkExpiredError, LinkInvalidError
from earmark.signing import Signer
from earmark.storage.tenant import TenantKey

UPLOAD_S = 3_600
DOWNLOAD_S = 900
UPLOAD_PREFIX = "up_"
_PREFIXES = {"PUT": UPLOAD_PREFIX, "GET": "dn_"}
_MAX_LENGTH = 1_024


@dataclass(frozen=True, slots=True)
class Grant:
    """Permission for one method on one medium of one tenant, of this type and size."""

    method: Literal["PUT", "GET"]
    tenant_id: int
    project_id: str
    mode: str
    media_id: str
    content_type: str
    size_bytes: int | None
    expires_s: int

    @property
    def tenant_key(self) -> TenantKey:
        """The tenant that owns the medium."""
        return TenantKey(self.tenant_id, self.project_id, self.mode)


class GrantSigner:
    """Signs and verifies grants' tokens with a key derived from the installation's secret."""

    def __init__(self, secret: str) -> None:
        self._signer = Signer(secret, b"earmark-media")

    def render(self, grant: Grant) -> str:
        """Return a grant's token: letters, digits, `-`, `_` and one dot."""
        return _PREFIXES[grant.method] + self._signer.render(orjson.dumps(astuple(grant)))

    def parse(self, token: str, method: str, media_id: str, *, now_s: int) -> Grant:
        """Return the grant of a token.

        Raises: LinkInvalidError if it is invalid or for something else; LinkExpiredError.
        """
        prefix = _PREFIXES.get(method, "")
        if not prefix or not token.startswith(prefix) or len(token) > _MAX_LENGTH:
            raise LinkInvalidError
        try:
            grant = Grant(*orjson.loads(self._signer.parse(token[len(prefix) :])))
        except ValueError as error:
            raise LinkInvalidError from error
        if grant.method != method or grant.media_id != media_id:
            raise LinkInvalidError
        if grant.expires_s <= now_s:
            raise LinkExpiredError
        return grant
