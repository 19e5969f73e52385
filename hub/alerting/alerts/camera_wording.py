"""Texts about a camera: its state, its distance, its place on a map."""

from hub.alerting.alerts.views import SeenCamera
from hub.registry.neighbours import AT_HAND_M, NearbyCamera
from hub.web.calendar import Calendar
from hub.web.i18n import Messages

STATE_TOKENS = {"well": "resolved", "lost": "warning", "offline": "warning", "never": "muted"}


def state_word(camera: SeenCamera, words: Messages) -> str:
    """State of the camera as text."""
    return state_word_of(camera.state, words)


def state_word_of(state: str, words: Messages) -> str:
    """The same from the state alone."""
    names = {
        "well": words.say("gives pictures"),
        "lost": words.say("no picture"),
        "offline": words.say("its camera box is silent"),
        "never": words.say("its camera box was never heard of"),
    }
    return names[state]


def near_word(near: NearbyCamera, words: Messages) -> str:
    """Distance, or "same area"."""
    if near.distance_m is None:
        return words.say("same area")
    if near.distance_m < AT_HAND_M:
        return words.say("at that very place")
    return words.say("%(n)d m away") % {"n": round(near.distance_m / 10) * 10}


def state_line(camera: SeenCamera, calendar: Calendar) -> str:
    """State, and since when."""
    since = calendar.clock(camera.since_utc_us)
    word = state_word(camera, calendar.words)
    return calendar.words.say("%(state)s since %(time)s") % {"state": word, "time": since}


def map_link(user_agent: str, latitude_deg: float | None, longitude_deg: float | None) -> str:
    """Address for the phone's map; Apple's phones do not know `geo:`. Empty without a position."""
    if latitude_deg is None or longitude_deg is None:
        return ""
    place = f"{latitude_deg:.6f},{longitude_deg:.6f}"
    is_apple = any(device in user_agent for device in ("iPhone", "iPad", "Mac OS X"))
    return f"maps:?q={place}" if is_apple else f"geo:{place}?q={place}"
