"""One sentence for each reason."""

from typing import Final

from agent.i18n import N_
from agent.vision.explain.reasons import Reason

SENTENCES: Final[dict[Reason, str]] = {
    Reason.GATHERING: N_("These frames count in full, but there is not enough evidence yet."),
    Reason.CUT: N_("The picture's border cuts the body, so only {border} of the score counts."),
    Reason.UNSURE: N_(
        "The body has not walked, and the score is too low for a body that stands still: it counts"
        " from {still} on; at {height} of the picture's height or more from {near} on, if the"
        " border cuts it from {near_cut} on, with motion in {moved} of its place from {came} on."
    ),
    Reason.THING: N_(
        "A thing that looks like a person, such as a statue or a poster, is known at this place:"
        " with these colours, or never seen in such light before."
    ),
    Reason.PARKED: N_("A two-wheeler without a rider that has not moved counts as parked."),
    Reason.WHEELS_STILL: N_(
        "A two-wheeler without a rider counts only with motion in {wheels} of its place."
    ),
    Reason.VEHICLE: N_(
        "It may be a part of a car, a bus or a truck, and it has not walked: it counts from {still}"
        " on."
    ),
    Reason.FAINT: N_(
        "The score is below {clear}: such a frame counts only beside {finds} clearer ones."
    ),
    Reason.PART: N_(
        "There is enough evidence, but the place lies within that of a near person who was"
        " reported."
    ),
    Reason.MISSED: N_(
        "The place was looked at, and the network found nobody there, or only a weak find in other"
        " clothes."
    ),
    Reason.PUT_OFF: N_(
        "The place was not looked at, because the processor's budget of looks was used up."
    ),
    Reason.NOT_LOOKED: N_(
        "The place was not looked at, because nothing moved there or it had been looked at often"
        " enough."
    ),
    Reason.WEAK: N_(
        "The score is too low to begin a track: that takes {begins} there and then. Without a"
        " track nobody is reported."
    ),
    Reason.IGNORED: N_(
        "The place lies in a part of the picture that is ignored: nobody is reported there, and no"
        " picture is kept."
    ),
}
