"""Detects two nodes with one name: a life returns after another one, which never happens otherwise.

A life is one boot with one journal. A node that boots again or gets a new disk starts a new life
and never returns to the old one. Two computers with one certificate disconnect each other in turn,
so their lives alternate.
"""

from dataclasses import dataclass
from typing import Final
from uuid import UUID

from agent.wire.presence import Birth

KEPT: Final = 8

Life = tuple[UUID | None, UUID | None]
"""Boot id and spool id."""


@dataclass(frozen=True, slots=True)
class NodeLives:
    """Last lives of one node, oldest first, and their births."""

    lives: tuple[Life, ...] = ()
    births: tuple[UUID, ...] = ()


def after_birth(known: NodeLives, birth: Birth) -> tuple[NodeLives, bool]:
    """State after this birth, and whether it shows two nodes with this name.

    A repeated birth shows nothing: the broker repeats retained messages.
    """
    if birth.birth_id in known.births:
        return known, False
    life: Life = (birth.boot_id, birth.spool_id)
    earlier = tuple(one for one in known.lives if one != life)
    is_return = life in known.lives[:-1]
    births = (*known.births, birth.birth_id)
    return NodeLives((*earlier, life)[-KEPT:], births[-KEPT:]), is_return
