"""Texts for a table that cannot be imported: line, fault and cure."""

from collections.abc import Iterable
from typing import Final

from hub.base.text.csv_table import LineFault, Wrong
from hub.web.i18n import Words

SHOWN: Final = 50


def wrong_lines(wrong: Iterable[Wrong], words: Words) -> list[str]:
    """One sentence each, the first `SHOWN`."""
    told = [_sentence(one, words) for one in wrong]
    more = len(told) - SHOWN
    if more <= 0:
        return told
    rest = words.count("and %(n)d more line", "and %(n)d more lines", more) % {"n": more}
    return [*told[:SHOWN], rest]


def _sentence(wrong: Wrong, words: Words) -> str:
    told = {"line": wrong.line, "why": _why(wrong.fault, words) % {"what": wrong.what}}
    return words.say("Line %(line)d: %(why)s") % told


def _why(fault: LineFault, words: Words) -> str:
    return _of_file(fault, words) or _of_cell(fault, words) or _of_names(fault, words)


def _of_file(fault: LineFault, words: Words) -> str:
    say = words.say
    return {
        LineFault.EMPTY: say("there is nothing here. Save the sheet with its header and a line."),
        LineFault.LARGE: say("more than %(what)s. Cut the table into several."),
        LineFault.ENCODING: say("these letters are not UTF-8. Save the sheet as CSV UTF-8."),
        LineFault.LETTER_LOST: say("a letter was lost (�) when this was saved. Type it again."),
        LineFault.COLUMN_MISSING: say("the column “%(what)s” is missing. Add it to the header."),
        LineFault.COLUMN_UNKNOWN: say("no column is called “%(what)s”. Rename or remove it."),
        LineFault.COLUMN_TWICE: say("the column “%(what)s” is there twice. Remove one."),
        LineFault.CELLS: say("%(what)s cells. Put a name that has a comma in quotes."),
        LineFault.QUOTES: say("a quote is not closed. Close it, or double a quote within a name."),
    }.get(fault, "")


def _of_cell(fault: LineFault, words: Words) -> str:
    say = words.say
    return {
        LineFault.LONG: say("“%(what)s” is too long. 200 letters at most."),
        LineFault.UNSEEN: say("%(what)s stands in it, which cannot be seen. Type the cell again."),
        LineFault.FORMULA: say("“%(what)s” begins as a formula does. Begin it with a letter."),
        LineFault.NAME: say("a name or level is missing. Fill it in."),
        LineFault.TWICE: say("“%(what)s” is there twice, or is spelt otherwise. Keep one."),
        LineFault.DAY: say("“%(what)s” is no date. Write it as 2026-11-25."),
        LineFault.DAYS: say("it ends before it begins. Change one of the dates."),
        LineFault.NUMBER: say("“%(what)s” is no place. Write degrees as 11.5362 and 106.4051."),
        LineFault.BEARING: say(
            "“%(what)s” is no bearing. Write degrees: 0 for north, 90 for east."
        ),
        LineFault.TIME: say("“%(what)s” is no time of day. Write it as 06:00."),
    }.get(fault, "")


def _of_names(fault: LineFault, words: Words) -> str:
    say = words.say
    return {
        LineFault.PARENT: say("no area is called “%(what)s”. Add a line for it, or correct it."),
        LineFault.PARENT_MANY: say("several are called “%(what)s”. Write it as NAME / ITS PARENT."),
        LineFault.TOP: say("“%(what)s” lies in no area. Name one; a new top is the shell's."),
        LineFault.NODE: say(
            "no camera box is called “%(what)s”. Correct it, or add the box first."
        ),
        LineFault.CAMERA: say("that box has no camera “%(what)s” of yours. Correct it."),
        LineFault.AREA: say("“%(what)s” is no area that you look after. Correct it."),
        LineFault.TEAM: say("no team of yours is called “%(what)s”. Correct it."),
        LineFault.TEAM_MANY: say("several teams are called “%(what)s”. Use their pages."),
        LineFault.WEEKDAY: say("“%(what)s” is no day. Write monday … sunday, or every day."),
        LineFault.PERSON: say("nobody who may be alerted here signs in as “%(what)s”. Correct it."),
        LineFault.SHIFT: say(
            "the hours of “%(what)s” differ from its other lines. Make them alike."
        ),
    }.get(fault, "")
