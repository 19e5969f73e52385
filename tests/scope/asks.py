"""One request of a campaign, and a limit for answers that never end by themselves."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Ask:
    """One request, and whether its answer is theirs; None: any page is, cut to its reader."""

    route: str
    method: str
    path: str
    is_theirs: bool | None = None
    headers: tuple[tuple[str, str], ...] = ()
    form: tuple[tuple[str, str], ...] = ()


class OneLook:
    """Lets a live stream go round once: it would never end by itself."""

    def __init__(self) -> None:
        self.looks = 0

    def __call__(self) -> bool:
        self.looks += 1
        return self.looks > 1
