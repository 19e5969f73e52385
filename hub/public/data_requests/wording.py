"""Texts of data requests: kind, state, deadline."""

from hub.public.data_requests.rules import RequestKind, RequestOutcome, StepLength
from hub.public.data_requests.views import AnswerSettings, DataRequestFault, DataRequestRow
from hub.web.calendar import Calendar
from hub.web.i18n import Messages


def kind_word(wish: RequestKind, words: Messages) -> str:
    """Kind of request."""
    say = words.say
    return {
        RequestKind.TOLD: say("To be told whether I am in footage"),
        RequestKind.COPY: say("To see it, or have a copy"),
        RequestKind.CORRECT: say("To have something corrected"),
        RequestKind.RESTRICT: say("To have its use restricted"),
        RequestKind.DELETE: say("To have it deleted"),
        RequestKind.OBJECT: say("To object, or take back what I agreed to"),
    }[wish]


def length_word(span: StepLength, words: Messages) -> str:
    """Length of a step."""
    n = span.n
    match span.unit:
        case "hours":
            return words.count("%(n)d hour", "%(n)d hours", n) % {"n": n}
        case "days":
            return words.count("%(n)d day", "%(n)d days", n) % {"n": n}
        case "working days":
            return words.count("%(n)d working day", "%(n)d working days", n) % {"n": n}


def kept_word(contact_days: int, words: Messages) -> str:
    """Retention of the person's contact."""
    if contact_days == 0:
        return words.say("Who you are is kept for good.")
    said = words.count(
        "Who you are is deleted %(n)d day after the answer.",
        "Who you are is deleted %(n)d days after the answer.",
        contact_days,
    )
    return said % {"n": contact_days}


def status_word(row: DataRequestRow, calendar: Calendar) -> str:
    """Next step, deadline, and days left."""
    words, stands = calendar.words, row.stands
    if row.outcome is not None:
        done = (
            words.say("Granted") if row.outcome is RequestOutcome.GRANTED else words.say("Refused")
        )
        return f"{done} · {words.say('too late')}" if stands.is_overdue else done
    what = words.say("Acknowledge") if stands.step == "acknowledge" else words.say("Answer")
    last = calendar.day(stands.due_utc_us - 1)
    until = words.say("%(what)s by the end of %(day)s") % {"what": what, "day": last}
    return f"{until} · {left_word(stands.days_left, words)}"


def left_word(days_left: int, words: Messages) -> str:
    """Days left, or days late."""
    if days_left == 0:
        return words.say("today is the last day")
    n = abs(days_left)
    if days_left > 0:
        return words.count("%(n)d day left", "%(n)d days left", n) % {"n": n}
    return words.count("%(n)d day overdue", "%(n)d days overdue", n) % {"n": n}


def act_word(act: str, words: Messages) -> str:
    """A step of the request in words."""
    say = words.say
    return {
        "acknowledge": say("Acknowledged"),
        "proof": say("Asked who they are"),
        "extend": say("Extended"),
        "answer": say("Answered"),
    }[act]


def refusal_word(row: DataRequestRow, office: AnswerSettings, language: str) -> str:
    """Reason of the refusal in that language; a reason no longer configured is shown by its key."""
    if row.refusal is None:
        return ""
    return office.refusals.get(language, {}).get(row.refusal, row.refusal)


def fault_word(fault: DataRequestFault, words: Messages) -> str:
    """Sentence that says what is missing or invalid, and the cure."""
    say = words.say
    return {
        DataRequestFault.WISH: say("Choose what you ask for."),
        DataRequestFault.WHAT: say("Write where and when it was, and how to know you."),
        DataRequestFault.CONTACT: say(
            "Write your name and how to reach you: you cannot be answered without."
        ),
        DataRequestFault.CONSENT: say("Tick that you agree, or nothing may be kept."),
        DataRequestFault.STALE: say(
            "The form had lain too long or came too quickly: press Send again."
        ),
        DataRequestFault.BUSY: say("Too many requests wait now: please come to the office."),
        DataRequestFault.WORDS: say("Write what the person is to read."),
        DataRequestFault.REFUSAL: say("Choose why it is refused."),
        DataRequestFault.NOT_GRANTED: say("Only for a request to delete that was granted."),
        DataRequestFault.HELD: say("Some of it is held for a case: nothing was deleted."),
        DataRequestFault.RESTORED: say(
            "This hub came back from a backup and does not know what was held since: "
            "for eight days after that nothing is deleted."
        ),
        DataRequestFault.FILES: say("Choose what is to be deleted; it may be gone already."),
        DataRequestFault.TIME: say("Write the day as 25/11/2026 and the time as 21:30."),
        DataRequestFault.DONE: say("It is answered already, or can no longer be extended."),
    }[fault]


def details(words: Messages) -> dict[str, str]:
    """Texts of the details of these acts in the audit log, by code."""
    return {
        "data_request.by_form": words.say("%(wish)s, form"),
        "data_request.by_counter": words.say("%(wish)s, counter"),
        "data_request.refused": words.say("%(number)s refused: %(reason)s"),
        "data_request.granted": words.say("%(number)s granted: %(reason)s"),
        "data_request.step": "%(number)s: %(reason)s",
        "data_request.gone": words.say(
            "the store was asked again and has it no more: sha256 %(sha)s"
        ),
        "data_request.erased": words.say("%(number)s: media %(id)s, %(n)s bytes, sha256 %(sha)s"),
        "data_request.contact_forgotten": words.say(
            "%(number)s: who asked, %(n)s days after the answer"
        ),
        **{f"data_request.{one}": fault_word(one, words) for one in DataRequestFault},
    }


def acts(words: Messages) -> dict[str, str]:
    """Texts of the acts of this page in the audit log, by id."""
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
