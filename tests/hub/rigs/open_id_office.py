"""An OpenID provider on loopback that checks its clients strictly, and may lie."""

import base64
import hashlib
import json
import secrets
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, unquote_plus, urlencode, urlsplit

from joserfc import jwt
from joserfc.jwk import RSAKey

from tests.waiting import patience_s

CLIENT = "matthan hub"  # a blank: each half of Basic is form-encoded first
SECRET = "so:secret+%"
Claims = dict[str, Any]


@cache
def _key() -> RSAKey:
    """One for all offices: making one takes a fifth of a second."""
    return RSAKey.generate_key(2048, {"kid": "one", "use": "sig"})


class OpenIdOffice:
    """Who is signed in there, what it checks, and what it says instead of the truth."""

    def __init__(self, redirect_uri: str) -> None:
        self.redirect_uri = redirect_uri
        self.issuer = ""
        self.subject, self.label = "s-1", "an@office"
        self.key = _key()
        self.told_keys = [self.key]
        self.codes: dict[str, dict[str, str]] = {}
        self.faults: list[str] = []
        """What a client did that the specification forbids."""
        self.asked: list[str] = []
        self.change: Callable[[Claims], Claims] = lambda claims: claims
        self.sign: Callable[[Claims], str] | None = None
        self.more_metadata: dict[str, Any] = {}
        self.instead: dict[str, tuple[int, bytes]] = {}
        """By path: what is answered instead."""
        self.answers_issuer = True

    def metadata(self) -> dict[str, Any]:
        return {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/keys",
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "authorization_response_iss_parameter_supported": self.answers_issuer,
        } | self.more_metadata

    def told(self, path: str) -> tuple[int, bytes]:
        """Document that anybody may read; 404 for another path."""
        pages = {"/.well-known/openid-configuration": self.metadata, "/keys": self.keys}
        page = pages.get(path)
        return (200, json.dumps(page()).encode()) if page else (404, b"{}")

    def keys(self) -> dict[str, Any]:
        return {"keys": [key.as_dict(private=False) for key in self.told_keys]}

    def authorize(self, asked: dict[str, str]) -> str:
        """Where the browser is sent back to; everything of the question is checked."""
        if asked.get("client_id") != CLIENT or asked.get("redirect_uri") != self.redirect_uri:
            self.faults.append(f"unknown client or redirect_uri: {asked}")
            return ""
        is_pkce = asked.get("code_challenge_method") == "S256" and asked.get("code_challenge")
        if asked.get("response_type") != "code" or not is_pkce:
            self.faults.append(f"no code by PKCE: {asked}")
        if "openid" not in asked.get("scope", "").split() or not asked.get("nonce"):
            self.faults.append(f"no openid or nonce: {asked}")
        code = secrets.token_urlsafe(16)
        self.codes[code] = asked | {"subject": self.subject}
        back = {"code": code, "state": asked.get("state", "")}
        if self.answers_issuer:
            back["iss"] = self.issuer
        return f"{self.redirect_uri}?{urlencode(back)}"

    def redeem(self, form: dict[str, str], authorization: str) -> tuple[int, Claims]:
        """An ID token for a code, once, to the client it was made for, with its verifier."""
        basic = base64.b64decode(authorization.removeprefix("Basic ")).decode()
        client, _, secret = basic.partition(":")
        if form.get("client_secret"):
            client, secret = form.get("client_id", ""), form["client_secret"]
        else:
            client, secret = unquote_plus(client), unquote_plus(secret)
        if (client, secret) != (CLIENT, SECRET):
            return 401, {"error": "invalid_client"}
        asked = self.codes.pop(form.get("code", ""), None)
        digest = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
        shown = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        if (
            asked is None
            or form.get("grant_type") != "authorization_code"
            or form.get("redirect_uri") != asked["redirect_uri"]
            or shown != asked["code_challenge"]
        ):
            self.faults.append(f"code refused: {form}")
            return 400, {"error": "invalid_grant"}
        access = secrets.token_urlsafe(16)
        claims = self.change(self._claims(asked, access))
        sign = self.sign or self.signed
        token = {"id_token": sign(claims), "access_token": access, "token_type": "Bearer"}
        return 200, token

    def signed(self, claims: Claims) -> str:
        return jwt.encode({"alg": "RS256", "kid": self.key.kid}, claims, self.key)

    def _claims(self, asked: dict[str, str], access: str) -> Claims:
        now = int(time.time())
        half = hashlib.sha256(access.encode()).digest()[:16]
        claims: Claims = {
            "iss": self.issuer,
            "sub": asked["subject"],
            "aud": CLIENT,
            "exp": now + 300,
            "iat": now,
            "nonce": asked.get("nonce"),
            "at_hash": base64.urlsafe_b64encode(half).rstrip(b"=").decode(),
            "preferred_username": self.label,
        }
        if "max_age" in asked or asked.get("prompt") == "login":
            claims["auth_time"] = now
        return claims

    @contextmanager
    def open(self) -> Iterator["OpenIdOffice"]:
        """At work, at `issuer`."""
        server = ThreadingHTTPServer(("127.0.0.1", 0), desk_of(self))
        self.issuer = f"http://127.0.0.1:{server.server_address[1]}"
        thread = threading.Thread(target=server.serve_forever, args=(0.005,))
        thread.start()
        try:
            yield self
        finally:
            server.shutdown()
            server.server_close()
            thread.join(patience_s())


def desk_of(office: OpenIdOffice) -> type[BaseHTTPRequestHandler]:
    """What answers for it."""

    class Desk(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            path, _, query = self.path.partition("?")
            office.asked.append(path)
            if path == "/authorize":
                to = office.authorize(dict(parse_qsl(query)))
                self.say(303 if to else 400, b"", to)
            else:
                self.say(*(office.instead.get(path) or office.told(path)))

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            office.asked.append(self.path)
            if self.path in office.instead:
                self.say(*office.instead[self.path])
                return
            authorization = self.headers.get("Authorization", "")
            status, said = office.redeem(dict(parse_qsl(body)), authorization)
            self.say(status, json.dumps(said).encode())

        def say(self, status: int, body: bytes, to: str = "") -> None:
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            if to:
                self.send_header("Location", to)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            """Nothing: a test's output is its own."""

    return Desk


def sent_back(office: OpenIdOffice, address: str) -> str:
    """A browser at the provider: where it is sent back to, without the host."""
    parts = urlsplit(address)
    assert f"{parts.scheme}://{parts.netloc}{parts.path}" == f"{office.issuer}/authorize"
    back = urlsplit(office.authorize(dict(parse_qsl(parts.query))))
    return f"{back.path}?{back.query}"
