"""Texts of the log's acts."""

from typing import Final

from hub.web.words import Words

REFUSED: Final = ".refused"
"""Suffix of an act that was not allowed or not possible."""


def act_words(act: str, words: Words) -> str:
    """Text of an act; an act without a text is shown by its id."""
    plain = act.removesuffix(REFUSED)
    known = _watching(words) | _staff(words) | _outside(words)
    said = known.get(plain, plain)
    return words.say("%(act)s – refused") % {"act": said} if act != plain else said


def _watching(words: Words) -> dict[str, str]:
    """Alerts, footage and cameras."""
    say = words.say
    return {
        "inbox.open": say("read the list of alerts"),
        "changes.open": say("heard of changed alerts"),
        "alert.open": say("opened an alert"),
        "alert.glance": say("saw an alert in the list"),
        "alert.take": say("acknowledged an alert"),
        "alert.resolve": say("closed an alert"),
        "alert.false_alarm": say("called an alert false"),
        "alert.hand_over": say("handed an alert over"),
        "media.open": say("opened a picture or a clip"),
        "media.copy": say("watched a clip"),
        "media.ask": say("asked for a clip"),
        "clip.watch": say("watched a clip while it was recorded"),
        "clip.await": say("waited for a clip"),
        "node.open": say("opened a camera box"),
        "live.begin": say("began to watch a camera live"),
        "live.end": say("stopped watching a camera live"),
        "aim.begin": say("began to aim a camera"),
        "aim.end": say("stopped aiming a camera"),
        "search.open": say("opened the search for footage"),
        "search.find": say("searched footage"),
        "search.sightings": say("searched what was seen"),
        "search.moment": say("laid cameras side by side"),
        "span.ask": say("asked a camera box for footage"),
    }


def _staff(words: Words) -> dict[str, str]:
    """People, grants, and the log itself."""
    say = words.say
    return {
        "grants.open": say("read who may see what"),
        "grants.form": say("read who may be granted something"),
        "invitations.open": say("read who is invited"),
        "silences.open": say("read what does not alert"),
        "grant.add": say("granted"),
        "grant.end": say("revoked a grant"),
        "grant.end.with": say("a grant ended with the one it came of"),
        "person.add": say("entered a person"),
        "person.role": say("changed a role"),
        "person.disable": say("closed an account"),
        "person.reopen": say("reopened an account"),
        "session.begin": say("signed in"),
        "session.end": say("signed out"),
        "identity.link": say("linked an account of the provider"),
        "identity.unlink": say("unlinked an account of the provider"),
        "log.open": say("read the log"),
        "log.digest": say("read a month of the log"),
    }


def _outside(words: Words) -> dict[str, str]:
    """Requests and reports of people outside."""
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
        "tip.forget_contact": say("deleted who sent a report, kept long enough"),
        "tip.forget": say("deleted a report, kept long enough"),
    }
