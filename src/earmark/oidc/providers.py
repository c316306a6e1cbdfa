"""Asks providers: their discovery documents and keys, which are cached, and what a code is worth.

Every request goes through `outbound`, which connects to public addresses, and to the operator's networks that a setting
names; redirects are not followed.
"""

from __future__ import annotations

import asyncio
import base64
import time
from collections.abc import Mapping
from importlib.util import find_spec
from typing import Any, Final, TypeVar
from urllib.parse import quote_plus, urlencode

from earmark.config import OidcSettings, Settings, SettingsError, parse_networks
from earmark.errors import InvalidError
from earmark.oidc.discovery import discovery_url, read_metadata
from earmark.oidc.errors import ProviderNotFoundError, SignInFailedError
from earmark.oidc.id_tokens import UnknownKeyError, check_claims, verify_signature
from earmark.oidc.mapping import missing_claims
from earmark.oidc.types import Claims, Flow, Metadata
from earmark.outbound.addresses import AddressRules
from earmark.outbound.sending import NotAnsweredError, Request, Sender
from earmark.strict_json import parse_json

T = TypeVar("T")
_FETCH_S: Final = 10.0
_ANSWER_BYTES: Final = 256 * 1024
_CACHED_S: Final = 3_600.0
_FAILED_S: Final = 3.0
_KEYS_AGAIN_S: Final = 30.0
"""An unknown key is looked for again no sooner: anybody can send a token that names one."""
_FORM: Final = "application/x-www-form-urlencoded"


class Provider:
    """One provider.

    Args:
        name: its name in the settings.
    """

    def __init__(self, name: str, settings: OidcSettings, sender: Sender) -> None:
        self.name = name
        self.settings = settings
        self._sender = sender
        self._lock = asyncio.Lock()
        self._metadata: tuple[float, Metadata] | None = None
        self._failure: tuple[float, SignInFailedError] | None = None
        self._keys: tuple[float, list[Any]] | None = None

    @property
    def label(self) -> str:
        """What people call it."""
        return self.settings.label or self.name

    async def metadata(self) -> Metadata:
        """Return what its discovery document says, at most an hour old.

        Raises: SignInFailedError.
        """
        async with self._lock:
            if self._metadata is None or self._metadata[0] <= time.monotonic() - _CACHED_S:
                self._metadata = (time.monotonic(), await self._discover())
            return self._metadata[1]

    async def _discover(self) -> Metadata:
        """Return what its discovery document says; who waited while it failed is told so, and waits no more."""
        if self._failure is not None and self._failure[0] > time.monotonic() - _FAILED_S:
            raise self._failure[1]
        try:
            document = await self._fetch(Request("GET", discovery_url(self.settings.issuer), _asking()))
            return read_metadata(document, self.settings.issuer)
        except SignInFailedError as error:
            self._failure = (time.monotonic(), error)
            raise

    async def redeem(self, code: str, flow: Flow, redirect_uri: str) -> Claims:
        """Exchange a code; return what the provider says about who signed in.

        Raises: SignInFailedError.
        """
        metadata = await self.metadata()
        answer = await self._fetch(self._exchange(metadata, code, flow, redirect_uri), refused="refused")
        token = answer.get("id_token")
        if not isinstance(token, str):
            raise SignInFailedError("refused", "the provider gave no ID token")
        claims = await self._verify(token, metadata)
        check_claims(claims, issuer=self.settings.issuer, client_id=self.settings.client_id, nonce=flow.nonce)
        return await self._completed(claims, answer.get("access_token"), metadata)

    def _exchange(self, metadata: Metadata, code: str, flow: Flow, redirect_uri: str) -> Request:
        """Return the token request. Source: RFC 6749, sections 2.3.1 and 4.1.3."""
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": redirect_uri,
            "code_verifier": flow.verifier,
        }
        headers = {**_asking(), "Content-Type": _FORM}
        client_id, secret = self.settings.client_id, self.settings.client_secret
        if secret is not None and metadata.takes_basic:
            pair = f"{quote_plus(client_id)}:{quote_plus(secret.get_secret_value())}"
            headers["Authorization"] = f"Basic {base64.b64encode(pair.encode()).decode()}"
        else:
            form["client_id"] = client_id
            if secret is not None:
                form["client_secret"] = secret.get_secret_value()
        return Request("POST", metadata.token_endpoint, headers, urlencode(form).encode())

    async def _verify(self, token: str, metadata: Metadata) -> Claims:
        try:
            return verify_signature(token, await self._known_keys(metadata, max_age_s=_CACHED_S))
        except UnknownKeyError:
            return verify_signature(token, await self._known_keys(metadata, max_age_s=_KEYS_AGAIN_S))

    async def _known_keys(self, metadata: Metadata, *, max_age_s: float) -> list[Any]:
        async with self._lock:
            if self._keys is None or self._keys[0] <= time.monotonic() - max_age_s:
                document = await self._fetch(Request("GET", metadata.jwks_uri, _asking()))
                keys = document.get("keys")
                self._keys = (time.monotonic(), keys if isinstance(keys, list) else [])
            return self._keys[1]

    async def _completed(self, claims: Claims, access_token: Any, metadata: Metadata) -> Claims:
        """Add what only the user info endpoint says, if a rule needs it. Source: OpenID Connect Core, section 5.3."""
        is_needed = missing_claims(self.settings.rules, claims)
        if not is_needed or metadata.userinfo_endpoint is None or not isinstance(access_token, str):
            return claims
        if not (access_token.isascii() and access_token.isprintable()):
            raise SignInFailedError("refused", "the access token is no text of a header")
        headers = {**_asking(), "Authorization": f"Bearer {access_token}"}
        told = await self._fetch(Request("GET", metadata.userinfo_endpoint, headers))
        if told.get("sub") != claims["sub"]:
            raise SignInFailedError("refused", "the user info is about somebody else")
        return {**told, **claims}

    async def _fetch(self, request: Request, *, refused: Any = "unreachable") -> Mapping[str, Any]:
        try:
            answer = await self._sender.send(request, deadline_s=_FETCH_S, limit_bytes=_ANSWER_BYTES + 1)
        except NotAnsweredError as error:
            raise SignInFailedError("unreachable", f"the provider can't be asked: {error.reason}") from error
        if answer.status != 200 or len(answer.body) > _ANSWER_BYTES:
            raise SignInFailedError(refused, f"the provider answered {answer.status}")
        try:
            document = parse_json(answer.body)
        except InvalidError as error:
            raise SignInFailedError("unreachable", "the provider's answer is not JSON") from error
        if not isinstance(document, dict):
            raise SignInFailedError("unreachable", "the provider's answer is no object")
        return document


def _asking() -> dict[str, str]:
    return {"Accept": "application/json", "Accept-Encoding": "identity"}


class Providers:
    """The providers of the settings, in their order.

    Raises: SettingsError if there are some and the library that verifies their tokens is not installed.
    """

    def __init__(self, settings: Settings) -> None:
        if settings.oidc and find_spec("joserfc") is None:
            raise SettingsError("EARMARK_OIDC needs `pip install 'earmark[oidc]'`.", param="EARMARK_OIDC")
        sender = Sender(AddressRules(parse_networks(settings.oidc_private_networks)))
        self._all = {name: Provider(name, one, sender) for name, one in settings.oidc.items()}

    def list(self) -> list[Provider]:
        """Return all of them."""
        return list(self._all.values())

    def get(self, name: str) -> Provider:
        """Return one.

        Raises: ProviderNotFoundError.
        """
        if name not in self._all:
            raise ProviderNotFoundError
        return self._all[name]
