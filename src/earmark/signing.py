"""Signed tokens: readable payloads that only this installation can create or change.

A token is base64url(payload) + "." + base64url(signature). The signature also covers a context that is
not in the token, so a token issued for one context is invalid in another.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac

_SIGNATURE_BYTES = 18


class Signer:
    """Creates and verifies tokens with a secret.

    Source: keyed BLAKE2b as a MAC, RFC 7693, section 2.9; `purpose` separates the uses of one secret.
    """

    def __init__(self, secret: str, purpose: bytes = b"") -> None:
        self._secret = secret.encode()
        self._purpose = purpose

    def render(self, payload: bytes, context: bytes = b"") -> str:
        """Return the token of a payload."""
        return f"{_encode(payload)}.{_encode(self._sign(payload, context))}"

    def parse(self, token: str, context: bytes = b"") -> bytes:
        """Return the payload.

        Raises: ValueError for a token that this signer did not issue in this context.
        """
        head, dot, tail = token.partition(".")
        if not dot or not token.isascii():
            raise ValueError("not a token")
        payload, signature = _decode(head), _decode(tail)
        if not hmac.compare_digest(signature, self._sign(payload, context)):
            raise ValueError("not a token of ours")
        return payload

    def _sign(self, payload: bytes, context: bytes) -> bytes:
        signed = context + b"\n" + payload
        hashed = hashlib.blake2b(signed, key=self._secret, digest_size=_SIGNATURE_BYTES, person=self._purpose)
        return hashed.digest()


def derive_name(secret: str) -> str:
    """Return a name derived from the secret that does not reveal it."""
    return hashlib.blake2b(b"name", key=secret.encode(), digest_size=8).hexdigest()


def _encode(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _decode(text: str) -> bytes:
    """Decode, refusing base64's alternative encodings, so that each payload has exactly one text."""
    try:
        data = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except binascii.Error as error:
        raise ValueError("not base64url") from error
    if _encode(data) != text:
        raise ValueError("not base64url")
    return data
