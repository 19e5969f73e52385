"""Texts of data requests: kind, state, deadline."""

from hub.public.data_requests.rules import Outcome, Span, Wish
from hub.public.data_requests.views import Office, PetitionFault, PetitionRow
from hub.web.calendar import Calendar
from hub.web.i18n import Words


def wish_word(wish: Wish, words: Words) -> str:
    """Kind of request."""
    say = words.say
    return {
        Wish.TOLD: say("To be told whether I am in footage"),
        Wish.COPY: say("To see it, or have a copy"),
        Wish.CORRECT: say("To have something corrected"),
        Wish.RESTRICT: say("To have its use restricted"),
        Wish.DELETE: say("To have it deleted"),
        Wish.OBJECT: say("To object, or take back what I agreed to"),
    }[wish]


def span_word(span: Span, words: Words) -> str:
    """Length of a step."""
    n = span.n
    match span.unit:
        case "hours":
            return words.count("%(n)d hour", "%(n)d hours", n) % {"n": n}
        case "days":
            return words.count("%(n)d day", "%(n)d days", n) % {"n": n}
        case "working days":
            return words.count("%(n)d working day", "%(n)d working days", n) % {"n": n}


def kept_word(contact_days: int, words: Words) -> str:
    """Retention of the person's contact."""
    if contact_days == 0:
        return words.say("Who you are is kept for good.")
    said = words.count(
        "Who you are is deleted %(n)d day after the answer.",
        "Who you are is deleted %(n)d days after the answer.",
        contact_days,
    )
    return said % {"n": contact_days}


def standing_word(row: PetitionRow, calendar: Calendar) -> str:
    """Next step, deadline, and days left."""
    words, stands = calendar.words, row.stands
    if row.outcome is not None:
        done = words.say("Granted") if row.outcome is Outcome.GRANTED else words.say("Refused")
        return f"{done} · {words.say('too late')}" if stands.is_overdue else done
    what = words.say("Acknowledge") if stands.step == "acknowledge" else words.say("Answer")
    last = f"{calendar.local(stands.due_utc_us - 1):%d/%m/%Y}"
    until = words.say("%(what)s by the end of %(day)s") % {"what": what, "day": last}
    return f"{until} · {left_word(stands.days_left, words)}"


def left_word(days_left: int, words: Words) -> str:
    """Days left, or days late."""
    if days_left == 0:
        return words.say("today is the last day")
    n = abs(days_left)
    if days_left > 0:
        return words.count("%(n)d day left", "%(n)d days left", n) % {"n": n}
    return words.count("%(n)d day overdue", "%(n)d days overdue", n) % {"n": n}


def act_word(act: str, words: Words) -> str:
    """A step."""
    say = words.say
    return {
        "acknowledge": say("Acknowledged"),
        "proof": say("Asked who they are"),
        "extend": say("Extended"),
        "answer": say("Answered"),
    }[act]


def refusal_word(row: PetitionRow, office: Office, language: str) -> str:
    """Reason of the refusal in that language; a reason no longer configured is shown by its key."""
    if row.refusal is None:
        return ""
    return office.refusals.get(language, {}).get(row.refusal, row.refusal)


def fault_word(fault: PetitionFault, words: Words) -> str:
    """What is missing or invalid, and the cure."""
    say = words.say
    return {
        PetitionFault.WISH: say("Choose what you ask for."),
        PetitionFault.WHAT: say("Write where and when it was, and how to know you."),
        PetitionFault.CONTACT: say(
            "Write your name and how to reach you: you cannot be answered without."
        ),
        PetitionFault.CONSENT: say("Tick that you agree, or nothing may be kept."),
        PetitionFault.STALE: say(
            "The form had lain too long or came too quickly: press Send again."
        ),
        PetitionFault.BUSY: say("Too many requests wait now: please come to the office."),
        PetitionFault.WORDS: say("Write what the person is to read."),
        PetitionFault.REFUSAL: say("Choose why it is refused."),
        PetitionFault.NOT_GRANTED: say("Only for a request to delete that was granted."),
        PetitionFault.HELD: say("Some of it is held for a case: nothing was deleted."),
        PetitionFault.RESTORED: say(
            "This hub came back from a backup and does not know what was held since: "
            "for eight days after that nothing is deleted."
        ),
        PetitionFault.FILES: say("Choose what is to be deleted; it may be gone already."),
        PetitionFault.TIME: say("Write the day as 25/11/2026 and the time as 21:30."),
        PetitionFault.DONE: say("It is answered already, or can no longer be extended."),
    }[fault]


def acts(words: Words) -> dict[str, str]:
    """Texts of its acts in the log."""
    say = words.say
    return {
        "petitions.open": say("read the requests of people"),
        "petition.open": say("read a request of a person"),
        "petition.take_in": say("took a request of a person in"),
        "petition.person": say("read who asks"),
        "petition.acknowledge": say("acknowledged a request"),
        "petition.proof": say("asked a person who they are"),
        "petition.extend": say("extended a request"),
        "petition.answer": say("answered a request"),
        "petition.erase": say("deleted footage for a request"),
        "petition.gone": say("saw that deleted footage is gone"),
        "petition.forget_contact": say("deleted who asked, kept long enough"),
    }
