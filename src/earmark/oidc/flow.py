"""Begins the code flow, and keeps it in the browser between its two ends.

Source: OpenID Connect Core 1.0, section 3.1.2; RFC 7636 (PKCE); RFC 9700, sections 2.1 and 4.4 (mix-up).
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import time
from dataclasses import asdict
from typing import Final
from urllib.parse import urlencode

import orjson

from earmark.config import OidcSettings
from earmark.ids import random_text
from earmark.oidc.errors import SignInFailedError
from earmark.oidc.types import Flow, Metadata
from earmark.signing import Signer

FLOW_LIFE_S: Final = 600
HOME: Final = "/console"
_SECRET_LENGTH: Final = 43  # 256 bits
_PURPOSE: Final = b"oidc-flow"
_LONGEST_NEXT: Final = 1_500
"""The cookie holds it; browsers keep 4,096 bytes of one."""
_OWN: Final = re.compile(r"/console(?:[/?][\x21-\x7e]*)?\Z")


def begin_flow(provider: str, wanted_next: str | None) -> Flow:
    """Return a new flow; `next` is the console's first page unless another of its pages is wanted."""
    expires_s = int(time.time()) + FLOW_LIFE_S
    state, nonce, verifier = (random_text(_SECRET_LENGTH) for _ in range(3))
    return Flow(provider, state, nonce, verifier, own_path(wanted_next), expires_s)


def own_path(wanted: str | None) -> str:
    """Return a path of the console, whatever was asked for: nothing leads anywhere else."""
    if wanted is None or len(wanted) > _LONGEST_NEXT or not _OWN.match(wanted) or "\\" in wanted:
        return HOME
    return wanted


def authorization_url(flow: Flow, settings: OidcSettings, metadata: Metadata, redirect_uri: str) -> str:
    """Return where the browser goes to sign in."""
    digest = hashlib.sha256(flow.verifier.encode()).digest()
    asked = {
        "response_type": "code",
        "client_id": settings.client_id,
        "redirect_uri": redirect_uri,
        "scope": settings.scopes,
        "state": flow.state,
        "nonce": flow.nonce,
        "code_challenge": base64.urlsafe_b64encode(digest).rstrip(b"=").decode(),
        "code_challenge_method": "S256",
    }
    joint = "&" if "?" in metadata.authorization_endpoint else "?"
    return f"{metadata.authorization_endpoint}{joint}{urlencode(asked)}"


def render_flow(flow: Flow, secret: str) -> str:
    """Return the cookie's value."""
    return Signer(secret, _PURPOSE).render(orjson.dumps(asdict(flow)))


def parse_flow(cookie: str | None, secret: str, *, provider: str, state: str | None) -> Flow:
    """Return the flow that this browser began with this provider.

    Raises: SignInFailedError if it began none, with another provider, another one since, or too long ago.
    """
    try:
        flow = Flow(**orjson.loads(Signer(secret, _PURPOSE).parse(cookie or "")))
    except (ValueError, TypeError) as error:
        raise SignInFailedError("expired", "no flow was begun in this browser") from error
    if flow.provider != provider:
        raise SignInFailedError("expired", "the flow was begun with another provider")
    if flow.expires_s <= time.time():
        raise SignInFailedError("expired", "the flow was begun too long ago")
    if not hmac.compare_digest(flow.state.encode(), (state or "").encode()):
        raise SignInFailedError("expired", "the state is another flow's")
    return flow
