"""Signs and verifies what is sent, in both forms: Bota's headers and those of Standard Webhooks.

Bota: HMAC-SHA256 over `timestamp.body`, the key being the whole secret as text. Standard Webhooks: over
`id.timestamp.body`, the key being the bytes that the secret holds in base64.
Source: https://github.com/standard-webhooks/standard-webhooks, specification 1.0.0.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

PREFIX: Final = "whsec_"
_SECRET_BYTES: Final = 32
TOLERANCE_S: Final = 300
"""How far receivers let a timestamp be from their clock."""


@dataclass(frozen=True, slots=True)
class Signable:
    """What is signed: an event's frozen bytes at the time of an attempt, in Unix seconds."""

    event_id: str
    timestamp: int
    body: bytes


def new_secret() -> str:
    """Return a new secret: `whsec_` and 32 random bytes in base64."""
    return PREFIX + base64.b64encode(secrets.token_bytes(_SECRET_BYTES)).decode()


def hint_of(secret: str) -> str:
    """Return the end of a secret, by which people tell it from another."""
    return secret.rstrip("=")[-4:]


def sign(what: Signable, secret: str, previous: str | None = None) -> dict[str, str]:
    """Return an attempt's headers.

    Args:
        previous: the secret before, while receivers may still use it: Bota's header, which has one value, is signed
            with it, the other form with both.
    """
    standard = [secret] if previous is None else [secret, previous]
    return {
        "X-Bota-Signature": f"v1={_bota(what, previous or secret)}",
        "X-Bota-Timestamp": str(what.timestamp),
        "X-Bota-Event-Id": what.event_id,
        "webhook-id": what.event_id,
        "webhook-timestamp": str(what.timestamp),
        "webhook-signature": " ".join(f"v1,{_standard(what, one)}" for one in standard),
    }


def _bota(what: Signable, secret: str) -> str:
    return hmac.new(secret.encode(), b"%d.%b" % (what.timestamp, what.body), hashlib.sha256).hexdigest()


def _standard(what: Signable, secret: str) -> str:
    key = base64.b64decode(secret.removeprefix(PREFIX))
    signed = b"%b.%d.%b" % (what.event_id.encode(), what.timestamp, what.body)
    return base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()


def verify(headers: Mapping[str, str], body: bytes, secrets_: Sequence[str], now_s: int) -> str | None:
    """Check a request that a receiver got, in whichever form its headers have; both where it has both.

    Args:
        headers: by lower-case name.
        secrets_: the endpoint's secrets, the current one first.

    Returns: None if it is genuine, else what is wrong with it, for people.
    """
    forms = [(prefix, check) for prefix, check in _FORMS.items() if f"{prefix}-signature" in headers]
    if not forms:
        return "It has neither X-Bota-Signature nor webhook-signature."
    for prefix, check in forms:
        timestamp = headers.get(f"{prefix}-timestamp", "")
        if not timestamp.isascii() or not timestamp.isdigit() or len(timestamp) > 12:
            return f"{prefix}-timestamp is missing or not a number of seconds."
        if abs(now_s - int(timestamp)) > TOLERANCE_S:
            return f"{prefix}-timestamp is more than {TOLERANCE_S} seconds from now."
        if not any(check(headers, body, int(timestamp), secret) for secret in secrets_):
            return f"{prefix}-signature is not that of this body, time and secret."
    return None


def _is_bota(headers: Mapping[str, str], body: bytes, timestamp: int, secret: str) -> bool:
    signature = f"v1={_bota(Signable('', timestamp, body), secret)}"
    return hmac.compare_digest(headers["x-bota-signature"].encode(), signature.encode())


def _is_standard(headers: Mapping[str, str], body: bytes, timestamp: int, secret: str) -> bool:
    signature = f"v1,{_standard(Signable(headers.get('webhook-id', ''), timestamp, body), secret)}".encode()
    return any(hmac.compare_digest(one.encode(), signature) for one in headers["webhook-signature"].split())


_FORMS: Final = {"x-bota": _is_bota, "webhook": _is_standard}
