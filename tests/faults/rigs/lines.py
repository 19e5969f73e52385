"""Lines between the parts of a rig: proxies with names such as hub-1>broker-2, cut and repaired."""

import random
import re
from typing import Final

from tests.faults.proxy import FAIR, Proxy, Weather

MANNERS: Final = ("keeps", "loses", "refuses")
"""Nothing passes, and it arrives late or never; or both ends hear RST, as does who comes."""


class Lines:
    """All lines of a rig; at most one is cut."""

    def __init__(self) -> None:
        self._proxies: dict[str, Proxy] = {}
        self._cut: tuple[Proxy, str] | None = None

    @property
    def kinds(self) -> list[str]:
        """Kinds of lines, as `hub>broker`."""
        return sorted({kind_of(name) for name in self._proxies})

    def lay(self, name: str, upstream_port: int, *, port: int = 0) -> int:
        """A new line; returns the port at its near end."""
        self._proxies[name] = proxy = Proxy(upstream_port, port=port)
        return proxy.port

    def cut(self, kind: str, dice: random.Random) -> str:
        """Cuts one of that kind, in use if any is; its name, and how it is cut."""
        names = [name for name in self._proxies if kind_of(name) == kind]
        in_use = [name for name in names if self._proxies[name].open_connections]
        name, manner = dice.choice(in_use or names), dice.choice(MANNERS)
        proxy = self._proxies[name]
        self._cut = proxy, manner
        if manner == "refuses":
            proxy.set(Weather(refuses=True))
            proxy.reset_all()
        else:
            proxy.set(Weather(is_black_hole=True))
        return f"{name} {manner}"

    def unused(self, kind: str) -> list[str]:
        """Those of that kind over which nobody talks now."""
        return [
            name
            for name, proxy in self._proxies.items()
            if kind_of(name) == kind and not proxy.open_connections
        ]

    def heal(self) -> None:
        """Let the cut lines carry again."""
        if self._cut is not None:
            proxy, manner = self._cut
            if manner == "loses":
                proxy.reset_all()
            proxy.set(FAIR)
            self._cut = None

    def close(self) -> None:
        """Cut everything for good."""
        for proxy in self._proxies.values():
            proxy.close()


def kind_of(name: str) -> str:
    """Kind of a line: the kinds of its ends."""
    return ">".join(re.split(r"-", end, maxsplit=1)[0] for end in name.split(">"))
