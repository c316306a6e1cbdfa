"""Verifies ID tokens: the provider's signature, by an asymmetric algorithm, and claims that are about this sign-in.

Source: OpenID Connect Core 1.0, section 3.1.3.7; RFC 8725 (JSON Web Token best current practices).
"""

from __future__ import annotations

import hmac
import time
import warnings
from collections.abc import Mapping, Sequence
from typing import Any, Final

import orjson

from earmark.oidc.errors import SignInFailedError
from earmark.oidc.types import Claims

ALGORITHMS: Final = (
    "RS256",
    "RS384",
    "RS512",
    "PS256",
    "PS384",
    "PS512",
    "ES256",
    "ES384",
    "ES512",
    "EdDSA",
    "Ed25519",
)
"""Neither `none` nor those whose key both sides know: a public key could be taken for such a one."""
LEEWAY_S: Final = 60
_KINDS: Final = ("RSA", "EC", "OKP")
_MOST_KEYS: Final = 20
_LONGEST: Final = 64 * 1024


class UnknownKeyError(SignInFailedError):
    """No known key can have signed the token: the provider may have new ones."""

    def __init__(self) -> None:
        super().__init__("refused", "the ID token is signed with an unknown key")


def verify_signature(token: str, keys: Sequence[Any]) -> Claims:
    """Return a token's claims; `keys` are the provider's, as JWKs.

    Raises: UnknownKeyError; SignInFailedError.
    """
    from joserfc import jwk, jwt
    from joserfc.errors import JoseError, SecurityWarning

    warnings.simplefilter("ignore", SecurityWarning)  # of the old name of Ed25519; a log has JSON lines only
    candidates = _candidates(_header_of(token), keys)
    for key in candidates:
        try:
            claims = jwt.decode(token, jwk.import_key(dict(key)), algorithms=list(ALGORITHMS)).claims
        except (JoseError, ValueError, TypeError):  # another key, or one that is none
            continue
        if isinstance(claims, dict):
            return claims
    if not candidates:
        raise UnknownKeyError
    raise SignInFailedError("refused", "the ID token's signature is wrong")


def _header_of(token: str) -> Mapping[str, Any]:
    from joserfc.util import urlsafe_b64decode

    if len(token) > _LONGEST or token.count(".") != 2 or not token.isascii():
        raise SignInFailedError("refused", "the ID token is not a signed token")
    try:
        header = orjson.loads(urlsafe_b64decode(token.partition(".")[0].encode()))
    except ValueError as error:
        raise SignInFailedError("refused", "the ID token has no header") from error
    if not isinstance(header, dict) or header.get("alg") not in ALGORITHMS:
        raise SignInFailedError("refused", "the ID token's algorithm is not accepted")
    return header


def _candidates(header: Mapping[str, Any], keys: Sequence[Any]) -> Sequence[Mapping[str, Any]]:
    """Return the public keys that may have signed: those of the key id, if the token names one."""
    usable = [key for key in keys if isinstance(key, dict) and key.get("kty") in _KINDS and key.get("use") != "enc"]
    if header.get("kid") is not None:
        usable = [key for key in usable if key.get("kid") == header["kid"]]
    return usable[:_MOST_KEYS]


def check_claims(claims: Claims, *, issuer: str, client_id: str, nonce: str) -> None:
    """Check that a token is the issuer's, for this client, of this flow, and in time.

    Raises: SignInFailedError.
    """
    now = time.time()
    audience = claims.get("aud")
    audiences = audience if isinstance(audience, list) else [audience]
    given = claims.get("nonce")
    faults = {
        "issuer": claims.get("iss") != issuer,
        "audience": client_id not in audiences,
        "authorised party": claims.get("azp", client_id if len(audiences) == 1 else None) != client_id,
        "expiry": not _is_time(claims.get("exp")) or claims["exp"] <= now - LEEWAY_S,
        "time of issue": not _is_time(claims.get("iat")) or claims["iat"] > now + LEEWAY_S,
        "beginning": "nbf" in claims and (not _is_time(claims["nbf"]) or claims["nbf"] > now + LEEWAY_S),
        "nonce": not isinstance(given, str) or not hmac.compare_digest(given.encode(), nonce.encode()),
        "subject": not isinstance(claims.get("sub"), str) or not claims["sub"],
    }
    wrong = [name for name, is_wrong in faults.items() if is_wrong]
    if wrong:
        raise SignInFailedError("refused", f"the ID token's {wrong[0]} is wrong")


def _is_time(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
