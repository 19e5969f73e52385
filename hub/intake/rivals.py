"""Two nodes of one name: told by a life that comes back after another one, which none ever does.

A life is one boot with one journal. A node that boots again, or gets a new disk, begins a new life
and never returns to the old one. Two computers with one certificate throw each other out of the
broker, and so their lives take turns.
"""

from dataclasses import dataclass
from typing import Final
from uuid import UUID

from agent.wire.presence import Birth

KEPT: Final = 8

Life = tuple[UUID | None, UUID | None]
"""Boot and spool."""


@dataclass(frozen=True, slots=True)
class Lives:
    """The last lives of one node, oldest first, and by which births they were told."""

    lives: tuple[Life, ...] = ()
    births: tuple[UUID, ...] = ()


def heard(known: Lives, birth: Birth) -> tuple[Lives, bool]:
    """What is known after this birth, and whether it shows that there are two of that name.

    A birth that was heard before shows nothing: the broker repeats what it retains.
    """
    if birth.birth_id in known.births:
        return known, False
    life: Life = (birth.boot_id, birth.spool_id)
    earlier = tuple(one for one in known.lives if one != life)
    is_return = life in known.lives[:-1]
    births = (*known.births, birth.birth_id)
    return Lives((*earlier, life)[-KEPT:], births[-KEPT:]), is_return
