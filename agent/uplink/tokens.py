"""Upload token, passed from the link to the uploader."""

import threading
from collections.abc import Callable

from agent.wire.answers import UploadToken

_SPARE_S = 10.0
"""No upload starts with a token this close to its end."""


class Tokens:
    """Newest token and the request for one; any thread may call. Times are monotonic seconds."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._token: UploadToken | None = None
        self._until_s = 0.0
        self._is_wanted = False
        self._wish: Callable[[], None] = lambda: None

    def on_wish(self, wish: Callable[[], None]) -> None:
        """Call `wish` when a token is first needed."""
        self._wish = wish

    def put(self, token: UploadToken, now_s: float) -> None:
        """Store the token that the hub sent."""
        with self._changed:
            self._token = token
            self._until_s = now_s + max(token.valid_for_s - _SPARE_S, token.valid_for_s / 2)
            self._is_wanted = False
            self._changed.notify_all()

    def current(self, now_s: float) -> UploadToken | None:
        """The token valid at `now_s`, or None."""
        with self._changed:
            return self._token if now_s < self._until_s else None

    def spoilt(self, token: UploadToken) -> None:
        """The hub refused this token; a newer one may have arrived meanwhile."""
        with self._changed:
            if self._token == token:
                self._token, self._until_s = None, 0.0

    def ask(self) -> None:
        """Request a token; the link repeats the request until one arrives."""
        with self._changed:
            was_wanted, self._is_wanted = self._is_wanted, True
        if not was_wanted:
            self._wish()

    @property
    def is_wanted(self) -> bool:
        """True while the hub should be asked."""
        with self._changed:
            return self._is_wanted

    def wait(self, timeout_s: float) -> None:
        """Return when a token arrives, at the latest after `timeout_s`."""
        with self._changed:
            if self._is_wanted:
                self._changed.wait(timeout_s)
