"""Addresses of brokers in text: `host:port`, as in settings and in the answer to an enrolment."""

import re
from typing import Annotated, Final

from pydantic import BeforeValidator, Field

MOST_BROKERS: Final = 8
"""Most brokers of one hub, the first one included."""
_PATTERN: Final = r"^(\[[0-9A-Fa-f:.]+\]|[^\s/:\[\]]+):[1-9][0-9]{0,4}$"


def host_and_port(address: str) -> tuple[str, int]:
    """Host (an IPv6 address without its brackets) and port; ValueError for a port above 65,535."""
    host, _, port = address.rpartition(":")
    if int(port) > 65_535:
        raise ValueError(f"{address}: a port is at most 65535")
    return host.strip("[]"), int(port)


def broker_address(host: str, port: int) -> str:
    """The text `host:port`."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _checked(address: object) -> object:
    """Says what is wrong in words, before the pattern does."""
    if isinstance(address, str):
        if re.fullmatch(_PATTERN, address) is None:
            raise ValueError(f"{address!r} is no host:port, such as broker-2.example:8883")
        host_and_port(address)
    return address


HostAndPort = Annotated[str, Field(max_length=260, pattern=_PATTERN), BeforeValidator(_checked)]
"""For instance `broker-2.example:8883` or `[2001:db8::2]:8883`."""
