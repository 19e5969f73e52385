"""Rows of node enrolments: a one-time token each, and the certificates issued for it.

A token is checked and used in one transaction of the write queue: of two requests with the same
token at the same moment, the second finds it used.
"""

import hashlib
import json
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal, Protocol
from uuid import UUID

from sqlalchemy import ColumnElement, Connection, insert, select, update

from agent.wire.enrolment import TOKEN_BYTES, EnrolledCamera
from hub.base.audit import log
from hub.base.audit.detail import Detail, plain
from hub.base.audit.log import By
from hub.base.db.bounds import text
from hub.base.db.columns import AnyRow, columns, new_id
from hub.base.errors import RegistryError
from hub.base.moment import Moment
from hub.nodes.enrolment.tables import enrolments, node_papers
from hub.registry.registry import Node, add_node, node_by_name
from hub.registry.tables import nodes

VALID_S: Final = 24 * 3600
LONGEST_S: Final = 14 * 24 * 3600
MOST_CAMERAS: Final = 16

Refusal = Literal["unknown", "expired", "used", "withdrawn", "revoked"]


@dataclass(frozen=True, slots=True)
class IssuedCertificate:
    """A certificate (PEM), its serial number (hex) and its expiry."""

    certificate: str
    serial: str
    ends_utc_us: int


class CertificateIssuer(Protocol):
    """The certificate authority, as used by the store."""

    def key_hash(self, request: str) -> str:
        """SHA-256 of the key of a certificate request (PEM); raises ValueError for an invalid
        request."""
        ...

    def sign(self, node: str, request: str, now: Moment) -> IssuedCertificate:
        """Issue a certificate for that key and this name."""
        ...


@dataclass(frozen=True, slots=True)
class Redeemed:
    """Result of a valid token."""

    node: str
    certificate: str
    cameras: tuple[EnrolledCamera, ...]


@dataclass(frozen=True, slots=True)
class TokenRefused:
    """A token is refused; has the reason."""

    reason: Refusal


def make(
    conn: Connection,
    *,
    node: str,
    area_id: UUID,
    cameras: Sequence[EnrolledCamera],
    by: By,
    now: Moment,
    valid_s: int = VALID_S,
    token: bytes | None = None,
) -> tuple[UUID, bytes]:
    """Make a new enrolment and its token, which is not stored; raises RegistryError for an invalid
    entry. `token`: `TOKEN_BYTES` bytes that nobody can guess; None: random.

    For a known node it replaces the board: earlier enrolments are withdrawn.
    """
    if not 0 < valid_s <= LONGEST_S:
        raise RegistryError(
            "an enrolment is valid for at least one second and at most 14 days",
            "enrolment.validity",
        )
    names = [camera.name for camera in cameras]
    if len(names) > MOST_CAMERAS or len(set(names)) != len(names):
        raise RegistryError(
            f"a node has at most {MOST_CAMERAS} cameras, all with different names",
            "enrolment.cameras",
            n=MOST_CAMERAS,
        )
    known = node_by_name(conn, node)
    if known is not None and known.area_id != area_id:
        raise RegistryError(
            f"node {node!r} already exists in another area", "enrolment.other_area", name=node
        )
    node_id = known.node_id if known else add_node(conn, name=node, area_id=area_id, now=now, by=by)
    _withdraw(conn, enrolments.c.node_id == node_id, now)
    # Camera entries contain passwords: deleted once no node can ask for them.
    is_over = enrolments.c.ends_utc_us <= now.utc_us
    conn.execute(update(enrolments).where(is_over).values(cameras="[]"))
    token = secrets.token_bytes(TOKEN_BYTES) if token is None else token
    enrolment_id = new_id(now)
    told = [camera.model_dump(exclude_defaults=True) for camera in cameras]
    conn.execute(
        insert(enrolments).values(
            id=enrolment_id,
            node_id=node_id,
            token_hash=hashed(token.hex()),
            cameras=json.dumps(told, ensure_ascii=False),
            made_by=by.person_id,
            refused=0,
            **columns("made", now),
            **columns("ends", now.plus_s(valid_s)),
        )
    )
    log.note(
        conn,
        by,
        act="enrolment.make",
        object_kind="node",
        object_id=node_id,
        detail=plain(node),
        now=now,
    )
    return enrolment_id, token


def withdraw(conn: Connection, enrolment_id: UUID, *, by: By, now: Moment) -> None:
    """Make the code of an enrolment invalid from now on."""
    _withdraw(conn, enrolments.c.id == enrolment_id, now)
    log.note(
        conn,
        by,
        act="enrolment.withdraw",
        object_kind="enrolment",
        object_id=enrolment_id,
        now=now,
    )


def withdraw_unused(conn: Connection, these: ColumnElement[bool], *, now: Moment) -> None:
    """Make the codes of these enrolments invalid; the caller writes the line in the log."""
    _withdraw(conn, these, now)


def withdraw_made_by(conn: Connection, person_id: UUID, *, now: Moment) -> None:
    """End all enrolments that this person made and no node has used."""
    _withdraw(conn, enrolments.c.made_by == person_id, now)


def redeem(
    conn: Connection,
    token: str,
    request: str,
    *,
    signs: CertificateIssuer,
    came_from: str,
    now: Moment,
) -> Redeemed | TokenRefused:
    """Use a token; raises ValueError for an invalid request.

    The same key with the same token gets the answer again while the enrolment is valid: the first
    answer may have been lost, and the answer is useful only with that key.
    """
    key_hash = signs.key_hash(request)
    row = _by_token(conn, token)
    if row is None:
        _note_refusal(conn, None, "unknown", came_from, now)
        return TokenRefused("unknown")
    if (reason := _fault(row, now)) is not None:
        repeated = _same_key(conn, row, key_hash) if reason == "used" else None
        if repeated is None or row.ends_utc_us <= now.utc_us:
            _count_refusal(conn, row, reason, came_from, now)
            return TokenRefused(reason)
        return Redeemed(row.node_name, repeated, _cameras(row.cameras))
    signed = signs.sign(row.node_name, request, now)
    _spend(conn, row, now)
    note_papers(conn, row.node_id, signed, key_hash=key_hash, enrolment_id=row.id, now=now)
    by = By(node_id=row.node_id, came_from=came_from)
    _note_key(conn, by, "enrolment.redeem", row.node_id, row.node_name, key_hash, now)
    return Redeemed(row.node_name, signed.certificate, _cameras(row.cameras))


def renew(
    conn: Connection,
    node: str,
    request: str,
    *,
    signs: CertificateIssuer,
    came_from: str,
    now: Moment,
) -> IssuedCertificate | TokenRefused:
    """The next certificate for the same key; raises ValueError for an invalid request."""
    key_hash = signs.key_hash(request)
    known = node_by_name(conn, node)
    if known is None or known.is_revoked:
        return TokenRefused("revoked" if known else "unknown")
    held = select(node_papers.c.key_hash).where(
        node_papers.c.node_id == known.node_id,
        node_papers.c.revoked_utc_us.is_(None),
        node_papers.c.ends_utc_us > now.utc_us,
    )
    by = By(node_id=known.node_id, came_from=came_from)
    if key_hash not in set(conn.scalars(held)):
        log.note(conn, by, act="papers.renew.refused", now=now)
        return TokenRefused("unknown")
    signed = signs.sign(node, request, now)
    note_papers(conn, known.node_id, signed, key_hash=key_hash, enrolment_id=None, now=now)
    _note_key(conn, by, "papers.renew", known.node_id, node, key_hash, now)
    return signed


def _note_key(
    conn: Connection, by: By, act: str, node_id: UUID, node: str, key_hash: str, now: Moment
) -> None:
    """The line that says since when this key is that node's; evidence packages carry it."""
    log.note(
        conn,
        by,
        act=act,
        object_kind="node",
        object_id=node_id,
        data={"node": node, "key_sha256": key_hash},
        now=now,
    )


def note_papers(
    conn: Connection,
    node_id: UUID,
    signed: IssuedCertificate,
    *,
    key_hash: str,
    enrolment_id: UUID | None,
    now: Moment,
) -> None:
    """Store a certificate issued for a node."""
    conn.execute(
        insert(node_papers).values(
            id=new_id(now),
            node_id=node_id,
            enrolment_id=enrolment_id,
            serial=signed.serial,
            key_hash=key_hash,
            certificate=signed.certificate,
            ends_utc_us=signed.ends_utc_us,
            ends_error_ms=now.error_ms,
            **columns("issued", now),
        )
    )


def shut_out(conn: Connection, node: Node, *, why: str, by: By, now: Moment) -> None:
    """Revoke a node: from now on nothing under its name is accepted, and its certificates are
    revoked."""
    conn.execute(
        update(nodes)
        .where(nodes.c.id == node.node_id)
        .values(revoked_why=text(why, 500), **columns("revoked", now))
    )
    theirs = node_papers.c.node_id == node.node_id
    conn.execute(
        update(node_papers)
        .where(theirs, node_papers.c.revoked_utc_us.is_(None))
        .values(columns("revoked", now))
    )
    _withdraw(conn, enrolments.c.node_id == node.node_id, now)
    detail, node_id = plain(why), node.node_id
    log.note(
        conn, by, act="node.revoke", object_kind="node", object_id=node_id, detail=detail, now=now
    )


def revoked_serials(conn: Connection, now: Moment) -> list[tuple[int, int]]:
    """Serial numbers revoked before their expiry, each with its time (UTC microseconds)."""
    query = select(node_papers.c.serial, node_papers.c.revoked_utc_us).where(
        node_papers.c.revoked_utc_us.is_not(None), node_papers.c.ends_utc_us > now.utc_us
    )
    return [(int(row.serial, 16), row.revoked_utc_us) for row in conn.execute(query)]


def shut_out_names(conn: Connection) -> list[str]:
    """Names of the revoked nodes, sorted. A node that was enrolled again is not one."""
    query = select(nodes.c.name).where(nodes.c.revoked_utc_us.is_not(None)).order_by(nodes.c.name)
    return list(conn.scalars(query))


def hashed(token: str) -> str:
    """Stored form of a token (hex)."""
    return hashlib.sha256(token.lower().encode("utf-8", "surrogatepass")).hexdigest()


def _by_token(conn: Connection, token: str) -> AnyRow | None:
    query = (
        select(enrolments, nodes.c.name.label("node_name"))
        .join(nodes, nodes.c.id == enrolments.c.node_id)
        .where(enrolments.c.token_hash == hashed(token))
    )
    return conn.execute(query).first()


def _fault(row: AnyRow, now: Moment) -> Refusal | None:
    if row.used_utc_us is not None:
        return "used"
    if row.withdrawn_utc_us is not None:
        return "withdrawn"
    return "expired" if row.ends_utc_us <= now.utc_us else None


def _same_key(conn: Connection, row: AnyRow, key_hash: str) -> str | None:
    return conn.scalar(
        select(node_papers.c.certificate).where(
            node_papers.c.enrolment_id == row.id,
            node_papers.c.key_hash == key_hash,
            node_papers.c.revoked_utc_us.is_(None),
        )
    )


def _spend(conn: Connection, row: AnyRow, now: Moment) -> None:
    """Mark the enrolment as used, revoke certificates of an earlier board of that name, and accept
    the node again."""
    conn.execute(update(enrolments).where(enrolments.c.id == row.id).values(columns("used", now)))
    conn.execute(
        update(node_papers)
        .where(node_papers.c.node_id == row.node_id, node_papers.c.revoked_utc_us.is_(None))
        .values(columns("revoked", now))
    )
    conn.execute(
        update(nodes)
        .where(nodes.c.id == row.node_id)
        .values(revoked_why=None, **columns("revoked", None))
    )


def _withdraw(conn: Connection, these: ColumnElement[bool], now: Moment) -> None:
    waiting = enrolments.c.used_utc_us.is_(None) & enrolments.c.withdrawn_utc_us.is_(None)
    done = update(enrolments).where(these, waiting)
    conn.execute(done.values(cameras="[]", **columns("withdrawn", now)))


def _count_refusal(conn: Connection, row: AnyRow, reason: str, came_from: str, now: Moment) -> None:
    conn.execute(
        update(enrolments).where(enrolments.c.id == row.id).values(refused=enrolments.c.refused + 1)
    )
    _note_refusal(conn, row.id, reason, came_from, now)


def _note_refusal(
    conn: Connection, enrolment_id: UUID | None, reason: str, came_from: str, now: Moment
) -> None:
    log.note(
        conn,
        By(came_from=came_from),
        act="enrolment.refused",
        object_kind="enrolment" if enrolment_id else "",
        object_id=enrolment_id,
        detail=Detail("enrolment.refused", why=reason),
        now=now,
    )


def _cameras(kept: str) -> tuple[EnrolledCamera, ...]:
    return tuple(EnrolledCamera.model_validate(one) for one in json.loads(kept))
