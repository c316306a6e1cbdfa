"""The cookie that holds a console session, and when it stands in for a credential.

Browsers send cookies with requests that other sites cause, so the cookie alone is never enough: the browser must say
that the console itself sent the request, and a header must be there that no form, link or image can set. Source: Fetch
Metadata Request Headers, section 2; OWASP Cross-Site Request Forgery Prevention Cheat Sheet.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from earmark.api.pipeline.reply import Headers

CSRF_HEADER: Final = b"x-earmark-csrf"
_CSRF_VALUE: Final = b"1"
_SESSION: Final = "earmark-session"
_FLOW: Final = "earmark-sign-in"
_SECURE_PREFIX: Final = "__Host-"
"""With it a browser takes the cookie only with TLS, and from this very host. Source: RFC 6265bis, section 4.1.3.2."""


def is_from_console(headers: Mapping[bytes, bytes]) -> bool:
    """Whether a page of this server itself sent the request, by script."""
    return headers.get(b"sec-fetch-site") == b"same-origin" and headers.get(CSRF_HEADER) == _CSRF_VALUE


def session_in(headers: Mapping[bytes, bytes], *, is_secure: bool) -> str | None:
    """Return the secret of the browser's session, if it sent one."""
    return _cookie(headers, _named(_SESSION, is_secure))


def flow_in(headers: Mapping[bytes, bytes], *, is_secure: bool) -> str | None:
    """Return the sign-in that the browser has begun, as it was stored."""
    return _cookie(headers, _named(_FLOW, is_secure))


def set_session(secret: str, *, life_s: int, is_secure: bool) -> Headers:
    """Return what stores a session in the browser. Only requests from this site carry it."""
    return (_set(_named(_SESSION, is_secure), secret, life_s, "Strict", is_secure=is_secure),)


def set_flow(value: str, *, life_s: int, is_secure: bool) -> Headers:
    """Return what stores a begun sign-in. It comes back when the provider, another site, leads the browser here."""
    return (_set(_named(_FLOW, is_secure), value, life_s, "Lax", is_secure=is_secure),)


def clear_session(*, is_secure: bool) -> Headers:
    """Return what deletes the session in the browser."""
    return set_session("", life_s=0, is_secure=is_secure)


def clear_flow(*, is_secure: bool) -> Headers:
    """Return what deletes a begun sign-in in the browser."""
    return set_flow("", life_s=0, is_secure=is_secure)


def _named(name: str, is_secure: bool) -> str:
    return f"{_SECURE_PREFIX}{name}" if is_secure else name


def _set(name: str, value: str, life_s: int, same_site: str, *, is_secure: bool) -> tuple[bytes, bytes]:
    secure = "; Secure" if is_secure else ""
    cookie = f"{name}={value}; Path=/; Max-Age={life_s}; HttpOnly; SameSite={same_site}{secure}"
    return b"set-cookie", cookie.encode()


def _cookie(headers: Mapping[bytes, bytes], name: str) -> str | None:
    """Return a cookie's value; None also if there are several, one of which somebody else has set."""
    pairs = [one.strip().partition("=") for one in headers.get(b"cookie", b"").decode("latin-1").split(";")]
    found = [value for given, _, value in pairs if given == name]
    return found[0] if len(found) == 1 else None
