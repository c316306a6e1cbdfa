"""Serves the console: one page for every path below `/console`, and its assets.

Asset URLs contain a digest of all assets (`/console/assets/DIGEST/console.js`), so a browser may cache them
permanently and never mixes two versions of earmark, or two languages. `page/` is in English; `page/de/` has the modules
that are written anew for German, and likewise for every further language of `LANGUAGES`.
"""

from __future__ import annotations

import gzip
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from earmark.console.bundle import FIRST, SECOND, bundle

_TYPES = {
    "html": "text/html; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "css": "text/css; charset=utf-8",
    "svg": "image/svg+xml",
}
_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "connect-src 'self'",
        "img-src 'self' data:",
        "media-src 'self' blob:",
        "manifest-src 'none'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
        "require-trusted-types-for 'script'",
        "trusted-types 'none'",
    )
)
PAGE_HEADERS: Mapping[str, str] = {
    "content-security-policy": _POLICY,
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=(self), display-capture=(self)",
}
LANGUAGES = ("en", "de")
"""The console's languages; the first is that of browsers which want none of them."""
_IMMUTABLE = "public, max-age=31536000, immutable"


@dataclass(frozen=True, slots=True)
class Asset:
    """A file, plain and compressed, with its headers."""

    media_type: str
    body: bytes
    zipped: bytes
    etag: str


@dataclass(frozen=True, slots=True)
class Site:
    """The page, its assets by name, and their digest."""

    digest: str
    page: Asset
    assets: Mapping[str, Asset]


def _asset(name: str, text: str) -> Asset:
    body = text.encode()
    etag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
    return Asset(_TYPES[name.rpartition(".")[2]], body, gzip.compress(body, 9, mtime=0), etag)


@cache
def load_site(language: str = LANGUAGES[0]) -> Site:
    """Read, bundle, digest and compress all files of a language, once per process."""
    folder = files("earmark.console") / "page"
    sources = _read(folder) | (_read(folder / language) if language != LANGUAGES[0] else {})
    modules = {name[:-3]: text for name, text in sources.items() if name.endswith(".js")}
    first, second = bundle(modules, "main")
    assets = {
        FIRST: first,
        SECOND: second,
        "console.css": "".join(text for name, text in sorted(sources.items()) if name.endswith(".css")),
        "icon.svg": sources["icon.svg"],
    }
    digest = hashlib.sha256("\0".join(assets.values()).encode()).hexdigest()[:16]
    page = sources["index.html"].replace("DIGEST", digest).replace('lang="en"', f'lang="{language}"', 1)
    return Site(digest, _asset("index.html", page), {name: _asset(name, text) for name, text in assets.items()})


def _read(folder: Traversable) -> dict[str, str]:
    return {one.name: one.read_text(encoding="utf-8") for one in folder.iterdir() if one.is_file()}


def choose_language(accepted: str) -> str:
    """Return the console's language for an `Accept-Language` header (RFC 9110, 12.5.4): the one wanted most."""
    wanted: list[tuple[float, str]] = []
    for one in accepted.lower().replace(" ", "").split(","):
        tag, _, weight = one.partition(";q=")
        try:
            wanted.append((-float(weight or 1), tag.partition("-")[0]))
        except ValueError:
            continue
    ranked = (tag for weight, tag in sorted(wanted, key=lambda pair: pair[0]) if weight and tag in LANGUAGES)
    return next(ranked, LANGUAGES[0])


async def serve_console(request: Request) -> Response:
    """Serve the page, for any path, or an asset.

    Raises: HTTPException 404 for an asset that does not exist.
    """
    path = request.path_params.get("path", "")
    if not path.startswith("assets/"):
        page = load_site(choose_language(request.headers.get("accept-language", ""))).page
        return _send(request, page, "no-cache", "accept-encoding, accept-language")
    digest, _, name = path.removeprefix("assets/").partition("/")
    asset = next((site.assets.get(name) for site in map(load_site, LANGUAGES) if site.digest == digest), None)
    if asset is None:
        raise HTTPException(404)
    return _send(request, asset, _IMMUTABLE, "accept-encoding")


def _send(request: Request, asset: Asset, cache_control: str, vary: str) -> Response:
    headers = {**PAGE_HEADERS, "cache-control": cache_control, "etag": asset.etag, "vary": vary}
    if asset.etag in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    if "gzip" not in request.headers.get("accept-encoding", ""):
        return Response(asset.body, media_type=asset.media_type, headers=headers)
    return Response(asset.zipped, media_type=asset.media_type, headers={**headers, "content-encoding": "gzip"})
