"""Selects the settings that a node understands: which desired settings it is sent, and which must
wait.

Values in, values out. A node refuses a whole message for one key that it does not know, so a key
that is newer than its program is left out for it. A zone must stay valid without such a key. A new
kind of rule that can be a zone's only rule therefore needs more than this.
"""

from collections.abc import Mapping
from typing import Any, Final

from agent.wire.settings import SettingsReport
from hub.nodes.desired_state.rules.layers import PROGRAMS, Settings

CAMERAS: Final = "cameras"
_OF_0_2_0: Final = """
every_camera every_camera.alert_hours every_camera.night_hours every_camera.least_change
every_camera.night_least_change every_camera.night_score every_camera.continuous clips
clips.preroll_s clips.postroll_s clips.max_s clips.max_bytes clips.alert_days
clips.sighting_days clips.sighting_bytes clips.continuous_days clips.continuous_bytes
clips.spare_bytes uploads uploads.bring uploads.max_kbit_per_s detector detector.score
detector.dense detector.looks_per_s sighting sighting.evidence sighting.evidence_s
sighting.gap_s sighting.update_every_s sighting.crowd_from cameras cameras.alert_hours
cameras.night_hours cameras.least_change cameras.night_least_change cameras.night_score
cameras.continuous cameras.ignored cameras.private cameras.zone cameras.zone.name
cameras.zone.outline cameras.zone.entry cameras.zone.loiter_s cameras.zone.group
cameras.zone.closed_hours cameras.line cameras.line.name cameras.line.start cameras.line.end
cameras.line.towards
"""
OF_THE_HUB: Final = frozenset(f"{CAMERAS}.{one}.label" for one in ("zone", "line"))
"""Keys that no node is sent: the hub says the labels, and a node that goes back to release 0.2.0
could not read the settings that it keeps, its privacy masks among them."""
KEYS_0_2_0: Final = frozenset(_OF_0_2_0.split())
"""Keys of release 0.2.0, which did not report them; see `agent.wire.settings.setting_keys`."""


def known_part(
    wanted: Settings, report: SettingsReport | None
) -> tuple[dict[str, Any], tuple[str, ...]]:
    """The part of the desired settings that a node with this report understands, and the keys left
    out, as `agent.wire.settings.setting_keys` names them.

    Everything for a node that never reported: nothing is sent to it.
    """
    if report is None:
        return dict(wanted), ()
    known = KEYS_0_2_0 if report.keys is None else frozenset(report.keys)
    left_out: set[str] = set()
    apart = {name: wanted[name] for name in (CAMERAS, PROGRAMS) if name in wanted}
    together = {name: part for name, part in wanted.items() if name not in apart}
    kept = _kept(together, "", known, left_out) | apart
    if CAMERAS in apart:
        kept[CAMERAS] = {
            camera: _kept(said, f"{CAMERAS}.", known, left_out)
            for camera, said in apart[CAMERAS].items()
        }
    return kept, tuple(sorted(left_out))


def _kept(value: Any, above: str, known: frozenset[str], left_out: set[str]) -> Any:
    """The value without unknown keys; `above`: the keys that its own are below, each with a dot."""
    if isinstance(value, list | tuple):
        return [_kept(one, above, known, left_out) for one in value]
    if not isinstance(value, Mapping):
        return value
    left_out |= {f"{above}{name}" for name in value} - known - OF_THE_HUB
    return {
        name: _kept(part, f"{above}{name}.", known, left_out)
        for name, part in value.items()
        if f"{above}{name}" in known - OF_THE_HUB
    }
