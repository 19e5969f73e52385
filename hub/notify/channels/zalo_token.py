"""Access token of a Zalo Official Account: valid for about a day; each refresh token works once.

A renewal returns the next refresh token and invalidates the last. So the next one is durable on
disk before the access token is used. A hub that dies in between, or is restored from a backup, has
a used token: then the keeper must authorise the application again.
"""

import asyncio
import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import httpx
import structlog
from pydantic import BaseModel, ConfigDict

from hub.base.clock.clock import Clock
from hub.base.secret_store.store import FILES, SecretStore
from hub.notify.channels.json_post import number, post_json
from hub.notify.channels.port import Answer, TryAgain
from hub.notify.channels.post import FORBIDDEN_ATTEMPTS
from hub.notify.channels.zalo_settings import OfficialAccount

log = structlog.get_logger(__name__)

RENEWED_BEFORE_S: Final = 300.0
LIFE_S: Final = 90_000
"""Lifetime by Zalo's documentation if an answer has none: 25 hours."""
EXPIRED: Final = frozenset({-216, -124})


class _Kept(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")

    seed: str
    """Digest of the file's refresh token that this one descends from."""
    refresh_token: str
    access_token: str = ""
    expires_utc_us: int = 0


class ZaloToken:
    """Access token of one account, shared by its channels; several tasks may use it at once, and
    several processes of one machine may share the file.

    It is kept under the path `file` of `secrets`.
    """

    def __init__(
        self,
        *,
        account: OfficialAccount,
        file: Path,
        secrets: SecretStore = FILES,
        client: httpx.AsyncClient,
        clock: Clock,
    ) -> None:
        self._account = account
        self._file = file
        self._secrets = secrets
        self._client = client
        self._clock = clock
        self._kept: _Kept | None = None
        self._is_on_disk = True
        self._renewal: asyncio.Task[str | Answer] | None = None

    async def current(self, *, not_this: str = "") -> str | Answer:
        """A valid token, other than `not_this`, which was refused. An `Answer` if there is none."""
        if self._kept is None:
            read = await asyncio.to_thread(self._read)
            self._kept = self._kept or read  # another task may have renewed it meanwhile
        if self._renewal is None or self._renewal.done():
            kept = self._kept
            if not kept.access_token or kept.access_token == not_this or self._is_old(kept):
                self._renewal = asyncio.create_task(self._renew(kept, not_this))
            elif self._is_on_disk:
                return kept.access_token
            else:
                self._renewal = asyncio.create_task(self._keep(kept))
        # The caller may give up; a started renewal uses up the token and must be written.
        return await asyncio.shield(self._renewal)

    def _is_old(self, kept: _Kept) -> bool:
        return kept.expires_utc_us - round(RENEWED_BEFORE_S * 1e6) <= self._clock.now().utc_us

    async def _renew(self, kept: _Kept, not_this: str) -> str | Answer:
        read = await asyncio.to_thread(self._read)
        if read.expires_utc_us > kept.expires_utc_us:  # another process of the hub has renewed it
            self._kept, self._is_on_disk = read, True
            kept = read
            if kept.access_token != not_this and not self._is_old(kept):
                return kept.access_token
        said = await post_json(
            self._client,
            f"{self._account.oauth}/v4/oa/access_token",
            headers={"secret_key": self._account.secret_key},
            form={
                "refresh_token": kept.refresh_token,
                "app_id": self._account.app_id,
                "grant_type": "refresh_token",
            },
        )
        if not isinstance(said, Mapping):
            return said
        access, refresh = said.get("access_token"), said.get("refresh_token")
        if not isinstance(access, str) or not isinstance(refresh, str) or not access:
            code = number(said, "error", 0)
            log.warning("zalo.token_refused", error=code, cure="allow the application once more")
            return TryAgain(
                f"Zalo gives no token (error {code}): allow the application once more",
                most_attempts=FORBIDDEN_ATTEMPTS,
            )
        life_us = number(said, "expires_in", LIFE_S) * 1_000_000
        fresh = _Kept(
            seed=kept.seed,
            refresh_token=refresh,
            access_token=access,
            expires_utc_us=self._clock.now().utc_us + life_us,
        )
        return await self._keep(fresh)

    async def _keep(self, kept: _Kept) -> str:
        """The access token, once it is on disk. If the disk is full it stays in memory and is
        written with the next message, because alerts must go out."""
        self._kept = kept
        try:
            await asyncio.to_thread(self._write, kept)
        except OSError as error:
            if self._is_on_disk:  # logged once
                cure = "make room: a hub that stops now has lost the account's permission"
                log.error("zalo.token_unwritten", file=str(self._file), error=str(error), cure=cure)
            self._is_on_disk = False
        else:
            self._is_on_disk = True
        return kept.access_token

    def _read(self) -> _Kept:
        seed = hashlib.sha256(self._account.refresh_token.encode()).hexdigest()
        try:
            kept = _Kept.model_validate_json(self._secrets.read(self._file, group_reads=True))
        except (OSError, ValueError):
            kept = None
        if kept is not None and kept.seed == seed:
            return kept
        return _Kept(seed=seed, refresh_token=self._account.refresh_token)

    def _write(self, kept: _Kept) -> None:
        self._secrets.write(self._file, json.dumps(kept.model_dump()).encode())
