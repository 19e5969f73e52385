"""Texts about a camera: its distance, its place on a map."""

from hub.registry.neighbours import AT_HAND_M, NearbyCamera
from hub.web.i18n import Messages


def near_word(near: NearbyCamera, words: Messages) -> str:
    """Distance to a nearby camera, or "same area"."""
    if near.distance_m is None:
        return words.say("same area")
    if near.distance_m < AT_HAND_M:
        return words.say("at that very place")
    return words.say("%(n)d m away") % {"n": round(near.distance_m / 10) * 10}


def map_link(user_agent: str, latitude_deg: float | None, longitude_deg: float | None) -> str:
    """Address for the phone's map: `geo:`, or `maps:` on Apple's devices. Empty without a position,
    and on a desk, whose browsers can open neither."""
    if latitude_deg is None or longitude_deg is None:
        return ""
    place = f"{latitude_deg:.6f},{longitude_deg:.6f}"
    if any(device in user_agent for device in ("iPhone", "iPad", "Mac OS X")):
        return f"maps:?q={place}"
    return f"geo:{place}?q={place}" if "Android" in user_agent or "Mobi" in user_agent else ""
