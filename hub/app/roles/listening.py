"""The socket of a process."""

import socket
from typing import Final

from hub.app.config import HubSettings
from hub.app.errors import StartRefusedError

MOST_PORT: Final = 65_535


def listening_socket(settings: HubSettings, port: int | None = None) -> socket.socket:
    """The socket on which the pages are served; StartRefusedError if its port is taken. `port`:
    the port of a process without pages, or of a second process on this machine."""
    host, name = settings.web.host, "the port" if port else "web.port"
    port = port or settings.web.port
    if not 0 < port <= MOST_PORT:
        raise StartRefusedError(f"{name} {port} is none: use --port with 1 to {MOST_PORT}")
    try:
        return socket.create_server(
            (host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET
        )
    except OSError as error:
        raise StartRefusedError(
            f"{name} {port} on {host} cannot be listened on: {error.strerror or error}. "
            "Stop what uses it (a hub that runs already?), or set another "
            f"{'--port' if name == 'the port' else 'web.host or web.port'}"
        ) from error
