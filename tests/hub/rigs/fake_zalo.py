"""Zalo and Telegram on loopback, as strict as their public documentation.

Not the real things: they refuse what the documentation says is refused (headers, a spent refresh
token, an access token past its time, a wrong template or parameter, a number in another form), and
keep what they took.
"""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any, Final
from urllib.parse import parse_qs

APP_ID: Final = "4318657068771012646"
SECRET: Final = "application-secret"
BOT_TOKEN: Final = "12345689:abc-xyz"
TEMPLATE: Final = {"noi_dung": 60, "dia_diem": 60, "ma_tin": 40}
"""Parameter → the most characters its type allows."""
TEMPLATE_ID: Final = "501443"
NUMBER: Final = re.compile(r"84\d{9}")


@dataclass
class FakeZalo:
    """Stand-in for Zalo: messages it took, and its followers, chats and tokens."""

    url: str = ""
    now_s: float = 0.0
    followers: set[str] = field(default_factory=lambda: {"2473910995809050719"})
    accounts: set[str] = field(default_factory=lambda: {"84912345678"})
    chats: set[str] = field(default_factory=lambda: {"1f6016dce18908d75198"})
    groups: set[str] = field(default_factory=lambda: {"f414c8f76fa586fbdfb4"})
    per_minute: int = 1000
    codes: dict[str, int] = field(default_factory=dict)
    """Recipient → the error it is answered with."""
    taken: list[dict[str, Any]] = field(default_factory=list)
    renewals: int = 0
    refresh_token: str = "refresh-0"
    access: dict[str, float] = field(default_factory=dict)
    """Access token → until when it holds."""

    def answer(self, path: str, headers: Any, body: bytes) -> tuple[int, dict[str, Any]]:
        """The status and the object for a POST."""
        of_account = {
            "/v3.0/oa/message/cs": self._consultation,
            "/v3.0/oa/group/message": self._group,
            "/message/template": self._template,
        }
        if path == "/v4/oa/access_token":
            return 200, self._token(headers, body)
        if path in of_account:
            return 200, self._of_account(headers, body, of_account[path])
        if path == f"/bot{BOT_TOKEN}/sendMessage":
            return self._bot(headers, body)
        if path.startswith("/bot"):
            return 401, {"ok": False, "error_code": 401, "description": "Unauthorized"}
        return 404, {"error": -404, "message": "no such method"}

    def _token(self, headers: Any, body: bytes) -> dict[str, Any]:
        form = {name: values[0] for name, values in parse_qs(body.decode()).items()}
        is_form = headers["Content-Type"].startswith("application/x-www-form-urlencoded")
        if not is_form or headers.get("secret_key") != SECRET:
            return {"error": -14004, "error_name": "Invalid secret key"}
        if set(form) != {"refresh_token", "app_id", "grant_type"} or form["app_id"] != APP_ID:
            return {"error": -14002, "error_name": "Invalid app id"}
        if form["grant_type"] != "refresh_token" or form["refresh_token"] != self.refresh_token:
            return {"error": -14014, "error_name": "Invalid refresh token"}
        self.renewals += 1
        self.refresh_token = f"refresh-{self.renewals}"
        token = f"access-{self.renewals}"
        self.access[token] = self.now_s + 90_000
        return {
            "access_token": token,
            "refresh_token": self.refresh_token,
            "expires_in": "90000",  # text, as documented
        }

    def _of_account(self, headers: Any, body: bytes, act: Any) -> dict[str, Any]:
        if headers["Content-Type"] != "application/json":
            return _error(-201)
        if self.access.get(headers.get("access_token", ""), -1.0) <= self.now_s:
            return _error(-124 if act == self._template else -216)
        if len(self.taken) >= self.per_minute:
            return _error(-32)
        code = act(json.loads(body))
        if code:
            return _error(code)
        self.taken.append(json.loads(body))
        return {"error": 0, "message": "Success", "data": {"message_id": "m1"}}

    def _consultation(self, said: dict[str, Any]) -> int:
        if set(said) != {"recipient", "message"} or set(said["recipient"]) != {"user_id"}:
            return -201
        if set(said["message"]) != {"text"} or not said["message"]["text"]:
            return -201
        user_id = said["recipient"]["user_id"]
        if user_id in self.codes:
            return self.codes[user_id]
        if len(said["message"]["text"]) > 2000:
            return -210
        return 0 if user_id in self.followers else -213

    def _group(self, said: dict[str, Any]) -> int:
        if set(said) != {"recipient", "message"} or set(said["recipient"]) != {"group_id"}:
            return -201
        if set(said["message"]) != {"text"} or not 0 < len(said["message"]["text"]) <= 2000:
            return -201
        return 0 if said["recipient"]["group_id"] in self.groups else -202

    def _template(self, said: dict[str, Any]) -> int:
        if set(said) != {"phone", "template_id", "template_data", "tracking_id"}:
            return -132
        number, data = said["phone"], said["template_data"]
        is_wrong = set(data) != set(TEMPLATE) or any(len(data[one]) > TEMPLATE[one] for one in data)
        faults = [
            (-108, not NUMBER.fullmatch(number) or len(said["tracking_id"]) > 48),
            (-109, said["template_id"] != TEMPLATE_ID),
            (-111, not data),
            (-112, is_wrong),
            (self.codes.get(number, 0), number in self.codes),
            (-118, number not in self.accounts),
        ]
        return next((code for code, is_so in faults if is_so), 0)

    def _bot(self, headers: Any, body: bytes) -> tuple[int, dict[str, Any]]:
        said = json.loads(body)
        is_json = headers["Content-Type"] == "application/json"
        if not is_json or set(said) != {"chat_id", "text"} or not 0 < len(said["text"]) <= 2000:
            return 400, {"ok": False, "error_code": 400, "description": "Bad request"}
        if said["chat_id"] in self.codes:
            code = self.codes[said["chat_id"]]
            return 200, {"ok": False, "error_code": code, "description": "no"}
        if said["chat_id"] not in self.chats:
            return 200, {"ok": False, "error_code": 404, "description": "Not found"}
        self.taken.append(said)
        return 200, {"ok": True, "result": {"message_id": "m1", "date": 1}}


def _error(code: int) -> dict[str, Any]:
    return {"error": code, "message": "no"}


@dataclass
class FakeTelegram:
    """The Bot API's sendMessage: knows one bot and its chats."""

    url: str = ""
    token: str = "123456789:abcdefg_hijklmnop"
    chats: set[int] = field(default_factory=lambda: {5551234})
    taken: list[dict[str, Any]] = field(default_factory=list)

    def answer(self, path: str, headers: Any, body: bytes) -> tuple[int, dict[str, Any]]:
        """The status and the object for a POST."""
        if path != f"/bot{self.token}/sendMessage":
            return 401, {"ok": False, "error_code": 401, "description": "Unauthorized"}
        said = json.loads(body)
        if headers["Content-Type"] != "application/json" or "photo" in said:
            return 400, {"ok": False, "error_code": 400, "description": "Bad Request"}
        if int(said["chat_id"]) not in self.chats:
            return 400, {"ok": False, "error_code": 400, "description": "chat not found"}
        self.taken.append(said)
        return 200, {"ok": True, "result": {"message_id": 1, "date": 1}}


@dataclass
class Sick:
    """Answers every POST with one status, body and headers; None: hangs up without a word."""

    status: int | None = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    url: str = ""


@contextmanager
def on_loopback(service: Any) -> Iterator[Any]:
    """The service, with its `url`."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            if isinstance(service, Sick):
                self._say(service.status, service.body, service.headers)
                return
            status, said = service.answer(self.path, self.headers, body)
            self._say(status, json.dumps(said).encode(), {"Content-Type": "application/json"})

        def _say(self, status: int | None, body: bytes, headers: dict[str, str]) -> None:
            if status is None:
                self.close_connection = True
                return
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, args=(0.005,))
    thread.start()
    service.url = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        yield service
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
