"""An OpenID Connect provider of the tests' own, in a thread: discovery, keys, codes with PKCE, ID tokens, user info.

It answers correctly unless a test asks for a fault, which no provider that one can install would make on demand
(`FakeProvider.fails`). Sign-in with an independent one is tested in `test_independent_provider.py`.
"""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, unquote_plus, urlencode, urlsplit

import httpx
from joserfc import jwk, jwt

CLIENT_ID, CLIENT_SECRET = "earmark at home", "a secret / with : signs"


@dataclass
class Granted:
    """What a code stands for."""

    request: dict[str, str]
    claims: dict[str, Any]


@dataclass
class FakeProvider:
    """A provider; `sign_in` is what its page does once somebody has typed a password."""

    issuer: str = ""
    key: Any = field(default_factory=lambda: jwk.RSAKey.generate_key(2048, {"kid": "one"}))
    codes: dict[str, Granted] = field(default_factory=dict)
    user_info: dict[str, dict[str, Any]] = field(default_factory=dict)
    faults: dict[str, Any] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    def fails(self, **faults: Any) -> None:
        """Be wrong at the next sign-in: `claims`, `header`, `key`, `token`, `more` (claims that only user info has)."""
        self.faults = faults

    def sign_in(self, authorization_url: str, **claims: Any) -> dict[str, str]:
        """Let somebody sign in; return the parameters with which the browser is led back."""
        request = dict(parse_qsl(urlsplit(authorization_url).query))
        assert request["response_type"] == "code"
        assert request["client_id"] == CLIENT_ID
        assert request["code_challenge_method"] == "S256"
        assert "openid" in request["scope"].split()
        code = secrets.token_urlsafe(24)
        self.codes[code] = Granted(request, {"sub": "ada-1", **claims})
        return {"code": code, "state": request["state"], "iss": self.issuer}

    def discovery(self) -> dict[str, Any]:
        return {
            "issuer": self.faults.get("issuer", self.issuer),
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/jwks",
            "userinfo_endpoint": f"{self.issuer}/userinfo",
            "authorization_response_iss_parameter_supported": True,
            "id_token_signing_alg_values_supported": ["RS256"],
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
        }

    def exchange(self, form: dict[str, str], authorization: str) -> tuple[int, dict[str, Any]]:
        user, _, password = base64.b64decode(authorization.removeprefix("Basic ")).decode().partition(":")
        if (unquote_plus(user), unquote_plus(password)) != (CLIENT_ID, CLIENT_SECRET):
            return 401, {"error": "invalid_client"}
        granted = self.codes.pop(form.get("code", ""), None)
        if granted is None or form["redirect_uri"] != granted.request["redirect_uri"]:
            return 400, {"error": "invalid_grant"}
        digest = hashlib.sha256(form["code_verifier"].encode()).digest()
        if base64.urlsafe_b64encode(digest).rstrip(b"=").decode() != granted.request["code_challenge"]:
            return 400, {"error": "invalid_grant"}
        access = secrets.token_urlsafe(24)
        self.user_info[access] = {"sub": granted.claims["sub"], **self.faults.get("more", {})}
        return 200, {"access_token": access, "token_type": "Bearer", "id_token": self.id_token(granted)}

    def id_token(self, granted: Granted) -> str:
        faults, now = self.faults, int(time.time())
        claims = {
            "iss": self.issuer, "aud": CLIENT_ID, "iat": now, "exp": now + 300, "nonce": granted.request["nonce"],
            **granted.claims, **faults.get("claims", {}),
        }  # fmt: skip
        claims = {name: value for name, value in claims.items() if value is not None}
        if "token" in faults:
            return str(faults["token"](claims))
        header = {"alg": "RS256", "kid": "one", **faults.get("header", {})}
        return jwt.encode(header, claims, faults.get("key", self.key), algorithms=[header["alg"]])


class _Handler(BaseHTTPRequestHandler):
    provider: FakeProvider

    def do_GET(self) -> None:
        self.provider.asked.append(self.path)
        if self.path == "/.well-known/openid-configuration":
            self._answer(200, self.provider.discovery())
        elif self.path == "/jwks":
            self._answer(200, {"keys": [self.provider.key.as_dict(private=False)]})
        elif self.path == "/userinfo":
            token = self.headers.get("Authorization", "").removeprefix("Bearer ")
            told = self.provider.user_info.get(token)
            self._answer(200 if told else 401, told or {})
        elif self.path.startswith("/authorize?"):  # a page whose person has a session here already
            back = self.provider.sign_in(f"{self.provider.issuer}{self.path}", **self.provider.faults.get("person", {}))
            redirect_uri = dict(parse_qsl(urlsplit(self.path).query))["redirect_uri"]
            self.send_response(302)
            self.send_header("Location", f"{redirect_uri}?{urlencode(back)}")
            self.send_header("Content-Length", "0")
            self.end_headers()
        else:
            self._answer(404, {})

    def do_POST(self) -> None:
        form = dict(parse_qsl(self.rfile.read(int(self.headers["Content-Length"])).decode()))
        self._answer(*self.provider.exchange(form, self.headers.get("Authorization", "")))

    def _answer(self, status: int, document: dict[str, Any]) -> None:
        body = json.dumps(document).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@contextmanager
def running_provider() -> Iterator[FakeProvider]:
    """Serve a provider on a free port."""
    provider = FakeProvider()
    handler = type("Handler", (_Handler,), {"provider": provider})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        provider.issuer = f"http://127.0.0.1:{server.server_address[1]}"
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield provider
        server.shutdown()


@dataclass
class Browser:
    """A browser that signs in: it holds cookies, and says with each request who sent it."""

    base_url: str
    provider: FakeProvider | None = None
    name: str = "company"
    client: httpx.Client = field(init=False)

    def __post_init__(self) -> None:
        address = f"10.0.{secrets.randbelow(256)}.{secrets.randbelow(256)}"  # a limit counts addresses
        self.client = httpx.Client(base_url=self.base_url, timeout=60, headers={"X-Forwarded-For": address})

    def start(self, **params: str) -> str:
        """Begin; return where the provider's page is."""
        answer = self.client.get(f"/auth/{self.name}/start", params=params)
        assert answer.status_code == 302, answer.text
        return answer.headers["location"]

    def back(self, params: dict[str, str]) -> httpx.Response:
        """Come back from the provider."""
        return self.client.get(f"/auth/{self.name}/callback", params=params)

    def sign_in(self, change: Callable[[dict[str, str]], Any] = lambda _: None, **claims: Any) -> httpx.Response:
        """Begin, sign in at the provider, and come back with what `change` makes of its answer."""
        assert self.provider is not None
        answer = self.provider.sign_in(self.start(), **claims)
        change(answer)
        return self.back(answer)

    def call(self, method: str, path: str, **given: Any) -> httpx.Response:
        """Send a request as the console does."""
        headers = {"Sec-Fetch-Site": "same-origin", "X-Earmark-CSRF": "1", **given.pop("headers", {})}
        return self.client.request(method, path, headers=headers, **given)

    @property
    def session(self) -> str | None:
        return self.client.cookies.get("earmark-session")
