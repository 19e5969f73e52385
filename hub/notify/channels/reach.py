"""Keeps the hub from sending into its own network: a phone names the address that is sent to.

A name is looked up for each new connection, and the connection goes to an address that was judged:
a name that answers differently the second time gains nothing.
"""

import asyncio
import ipaddress
import socket
from collections.abc import Collection, Iterable
from typing import Any, Final

import httpcore

PRIVATE: Final = "its address is private, and push.private_hosts does not list it"

_NAT64: Final = ipaddress.ip_network("64:ff9b::/96")


class PrivateHosts:
    """Hosts that may be on a private network, as in an address: names or numbers."""

    def __init__(self, listed: Collection[str] = (), *, all_of_them: bool = False) -> None:
        """`all_of_them`: for rehearsals."""
        self._listed = frozenset(_plain(one) for one in listed)
        self._all = all_of_them

    def has(self, host: str) -> bool:
        """Whether this host may be private."""
        return self._all or _plain(host) in self._listed

    def allowed(self, host: str, addresses: Iterable[str]) -> list[str]:
        """The addresses of this host that may be connected to."""
        is_listed = self.has(host)
        return [one for one in dict.fromkeys(addresses) if is_listed or is_global(one)]


NONE: Final = PrivateHosts()
ANY: Final = PrivateHosts(all_of_them=True)
"""For rehearsals."""


def is_global(address: str) -> bool:
    """Whether a numeric address is on the Internet, also one that carries an IPv4 address."""
    ip = ipaddress.ip_address(address)
    if isinstance(ip, ipaddress.IPv6Address):
        if ip.sixtofour is not None or ip.teredo is not None:
            return False
        if ip.ipv4_mapped is not None:
            return is_global(str(ip.ipv4_mapped))
        if ip in _NAT64:
            return is_global(str(ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)))
    return ip.is_global and not ip.is_multicast


def addresses_of(host: str) -> list[str]:
    """All numeric addresses of a host; OSError if there are none. Blocks."""
    return _numbers(socket.getaddrinfo(host, None, type=socket.SOCK_STREAM))


class CheckedBackend(httpcore.AsyncNetworkBackend):
    """Connects only to addresses that are global, or of a listed host."""

    def __init__(self, private: PrivateHosts) -> None:
        self._private = private
        self._inner = httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Any = None,
    ) -> httpcore.AsyncNetworkStream:
        """Look the host up and connect; raises as httpcore does."""
        try:
            async with asyncio.timeout(timeout):
                found = await asyncio.get_running_loop().getaddrinfo(
                    host, port, type=socket.SOCK_STREAM
                )
        except TimeoutError as error:
            raise httpcore.ConnectTimeout(host) from error
        except (OSError, UnicodeError) as error:
            raise httpcore.ConnectError(str(error)) from error
        fault: Exception = httpcore.ConnectError(PRIVATE)
        for address in self._private.allowed(host, _numbers(found)):
            try:
                return await self._inner.connect_tcp(
                    address, port, timeout, local_address, socket_options
                )
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                fault = error
        raise fault

    async def sleep(self, seconds: float) -> None:
        """As the backend beneath."""
        await self._inner.sleep(seconds)


def _plain(host: str) -> str:
    return host.strip("[]").rstrip(".").lower()


def _numbers(found: Iterable[Any]) -> list[str]:
    return [str(one[4][0]) for one in found]
