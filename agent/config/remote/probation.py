"""Probation of settings from the hub: values in, values out.

New settings are stored first and used from the next start on, on probation. When the node reaches
its broker with them they are in force and the previous ones are forgotten. After too many starts or
too long a time without that, the previous ones apply again. All state is stored, so a kill or a
power cut at any point leads to one or the other.
"""

from dataclasses import dataclass
from typing import Any, Final, Self
from uuid import UUID

from pydantic import (
    BaseModel,
    ConfigDict,
    JsonValue,
    SerializerFunctionWrapHandler,
    model_serializer,
    model_validator,
)

from agent.wire.settings import Configure, SettingsAnswer, SettingsName, settings_hash

MOST_STARTS: Final = 4
"""There is no fifth start on probation: the settings, or something they cause, end the program."""

IN_FORCE: Final = "in_force"
ON_PROBATION: Final = "on_probation"
REFUSED: Final = "refused"
FELL_BACK: Final = "fell_back"


@dataclass(frozen=True, slots=True)
class Uptime:
    """A moment by the time since boot; no clock step changes it."""

    boot_id: UUID
    uptime_s: float


class _Kept(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


NEWER: Final = ("mast_height_m", "horizon")
"""Keys of a camera that release 0.2.0 does not know."""
NEWER_SECTIONS: Final = ("broker",)
"""Sections that it does not know."""


class WantedSettings(_Kept):
    """Settings with the hub's number and hash.

    In the file the newer keys stand apart, where release 0.2.0 does not look: it would drop all
    settings for one unknown key, privacy masks among them.
    """

    version: int
    sha256: str
    settings: dict[str, JsonValue]

    @model_validator(mode="before")
    @classmethod
    def _joined(cls, kept: Any) -> Any:
        if not isinstance(kept, dict) or not kept.keys() & {"newer", "newer_sections"}:
            return kept
        try:
            kept["settings"].update(kept.get("newer_sections", {}))
            if "newer" in kept:
                for name, said in kept["settings"]["cameras"].items():
                    said.update(kept["newer"].get(name, {}))
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise ValueError("damaged settings of cameras or brokers") from error
        return kept

    @model_serializer(mode="wrap")
    def _parted(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        kept: dict[str, Any] = handler(self)
        cameras = kept["settings"].get("cameras") or {}
        newer = {
            name: {key: said.pop(key) for key in NEWER if key in said}
            for name, said in cameras.items()
        }
        sections = {
            name: kept["settings"].pop(name) for name in NEWER_SECTIONS if name in kept["settings"]
        }
        apart = {"newer": newer if any(newer.values()) else {}, "newer_sections": sections}
        return kept | {name: said for name, said in apart.items() if said}

    @property
    def name(self) -> SettingsName:
        """Version and hash of these settings."""
        return SettingsName(version=self.version, sha256=self.sha256)


class Probation(_Kept):
    """Settings on probation: the node has not reached its broker with them yet."""

    wanted: WantedSettings
    within_s: float
    boot_id: UUID
    began_s: float
    """Uptime of that boot."""
    starts: int = 0


class ProbationStatus(_Kept):
    """Everything a node stores about settings from the hub."""

    in_force: WantedSettings | None = None
    probation: Probation | None = None
    last: SettingsAnswer | None = None

    @property
    def chosen(self) -> WantedSettings | None:
        """Settings for the next start."""
        return self.probation.wanted if self.probation else self.in_force

    def knows(self, said: Configure) -> bool:
        """True if the last answer is about these settings: they are in force, on probation or
        refused."""
        return self.last is not None and (self.last.version, self.last.sha256) == (
            said.version,
            said.sha256,
        )

    def taken(self, said: Configure, *, now: Uptime) -> Self:
        """State after accepting valid settings: they are on probation, in place of any others on
        probation."""
        wanted = WantedSettings(version=said.version, sha256=said.sha256, settings=said.settings)
        running = self.in_force
        if self.probation is None and _same(running, wanted):
            return self._with(wanted, None, _answer(wanted.name, IN_FORCE))
        began = Probation(
            wanted=wanted, within_s=said.within_s, boot_id=now.boot_id, began_s=now.uptime_s
        )
        return self._with(running, began, _answer(wanted.name, ON_PROBATION))

    def refused(self, said: Configure, why: str) -> Self:
        """State after refusing invalid settings: only the report changes."""
        name = SettingsName(version=said.version, sha256=said.sha256)
        return self._with(self.in_force, self.probation, _answer(name, REFUSED, why))

    def started(self, *, now: Uptime) -> Self:
        """State after a start of the node: settings on probation have one start fewer left."""
        if self.probation is None:
            return self
        if self.is_over(now=now) or self.probation.starts >= MOST_STARTS:
            return self.fallen_back(
                f"with them the node did not reach its broker within"
                f" {self.probation.within_s:.0f} s or {MOST_STARTS} starts"
            )
        counted: dict[str, Any] = {"starts": self.probation.starts + 1}
        if self.probation.boot_id != now.boot_id:
            # Its time begins anew: how long the power was cut is not known.
            counted |= {"boot_id": now.boot_id, "began_s": now.uptime_s}
        again = self.probation.model_copy(update=counted)
        return self._with(self.in_force, again, self.last)

    def is_over(self, *, now: Uptime) -> bool:
        """True if the probation time of this boot is over."""
        known = self.probation
        if known is None or known.boot_id != now.boot_id:
            return False
        return now.uptime_s - known.began_s >= known.within_s

    def proved(self) -> Self:
        """State after the node reached its broker: the settings on probation are in force."""
        if self.probation is None:
            return self
        wanted = self.probation.wanted
        return self._with(wanted, None, _answer(wanted.name, IN_FORCE))

    def fallen_back(self, why: str) -> Self:
        """State after falling back: the previous settings apply again."""
        if self.probation is None:
            return self
        return self._with(self.in_force, None, _answer(self.probation.wanted.name, FELL_BACK, why))

    def unfit(self, why: str, masks: dict[str, Any]) -> Self:
        """State when the settings in force no longer fit the node's own file: the file applies,
        and of these settings only `masks`."""
        if self.chosen is None:
            return self
        left = self.chosen.model_copy(update={"settings": masks, "sha256": settings_hash(masks)})
        answer = _answer(self.chosen.name, REFUSED, why)
        return self._with(left if masks else None, None, answer)

    def _with(
        self,
        in_force: WantedSettings | None,
        probation: Probation | None,
        last: SettingsAnswer | None,
    ) -> Self:
        return self.model_copy(update={"in_force": in_force, "probation": probation, "last": last})


def _same(one: WantedSettings | None, other: WantedSettings) -> bool:
    return one is not None and one.sha256 == other.sha256


def _answer(name: SettingsName, outcome: str, reason: str = "") -> SettingsAnswer:
    return SettingsAnswer(
        version=name.version, sha256=name.sha256, outcome=outcome, reason=reason[:1000]
    )
