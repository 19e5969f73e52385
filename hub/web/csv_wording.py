"""Texts for a table that cannot be imported: line, fault and cure."""

from collections.abc import Iterable
from typing import Final

from hub.base.text.csv_table import CsvFault, CsvLineFault
from hub.web.i18n import Messages

SHOWN: Final = 50


def wrong_lines(wrong: Iterable[CsvFault], words: Messages) -> list[str]:
    """One sentence each, the first `SHOWN`."""
    told = [_sentence(one, words) for one in wrong]
    more = len(told) - SHOWN
    if more <= 0:
        return told
    rest = words.count("and %(n)d more line", "and %(n)d more lines", more) % {"n": more}
    return [*told[:SHOWN], rest]


def _sentence(wrong: CsvFault, words: Messages) -> str:
    told = {"line": wrong.line, "why": _why(wrong.fault, words) % {"what": wrong.what}}
    return words.say("Line %(line)d: %(why)s") % told


def _why(fault: CsvLineFault, words: Messages) -> str:
    return (
        _of_file(fault, words)
        or _of_cell(fault, words)
        or _of_names(fault, words)
        or _of_boxes(fault, words)
    )


def _of_file(fault: CsvLineFault, words: Messages) -> str:
    say = words.say
    return {
        CsvLineFault.EMPTY: say(
            "there is nothing here. Save the sheet with its header and a line."
        ),
        CsvLineFault.LARGE: say("more than %(what)s. Cut the table into several."),
        CsvLineFault.ENCODING: say("these letters are not UTF-8. Save the sheet as CSV UTF-8."),
        CsvLineFault.LETTER_LOST: say("a letter was lost (�) when this was saved. Type it again."),
        CsvLineFault.COLUMN_MISSING: say("the column “%(what)s” is missing. Add it to the header."),
        CsvLineFault.COLUMN_UNKNOWN: say("no column is called “%(what)s”. Rename or remove it."),
        CsvLineFault.COLUMN_TWICE: say("the column “%(what)s” is there twice. Remove one."),
        CsvLineFault.CELLS: say("%(what)s cells. Put a name that has a comma in quotes."),
        CsvLineFault.QUOTES: say(
            "a quote is not closed. Close it, or double a quote within a name."
        ),
    }.get(fault, "")


def _of_cell(fault: CsvLineFault, words: Messages) -> str:
    say = words.say
    return {
        CsvLineFault.LONG: say("“%(what)s” is too long. 200 letters at most."),
        CsvLineFault.UNSEEN: say(
            "%(what)s stands in it, which cannot be seen. Type the cell again."
        ),
        CsvLineFault.FORMULA: say("“%(what)s” begins as a formula does. Begin it with a letter."),
        CsvLineFault.NAME: say("a name or level is missing. Fill it in."),
        CsvLineFault.TWICE: say("“%(what)s” is there twice, or is spelt otherwise. Keep one."),
        CsvLineFault.DAY: say("“%(what)s” is no date. Write it as 2026-11-25."),
        CsvLineFault.DAYS: say("it ends before it begins. Change one of the dates."),
        CsvLineFault.NUMBER: say("“%(what)s” is no place. Write degrees as 11.5362 and 106.4051."),
        CsvLineFault.BEARING: say(
            "“%(what)s” is no bearing. Write degrees: 0 for north, 90 for east."
        ),
        CsvLineFault.TIME: say("“%(what)s” is no time of day. Write it as 06:00."),
    }.get(fault, "")


def _of_names(fault: CsvLineFault, words: Messages) -> str:
    say = words.say
    return {
        CsvLineFault.PARENT: say("no area is called “%(what)s”. Add a line for it, or correct it."),
        CsvLineFault.PARENT_MANY: say(
            "several are called “%(what)s”. Write it as NAME / ITS PARENT."
        ),
        CsvLineFault.TOP: say("“%(what)s” lies in no area. Name one; a new top is the shell's."),
        CsvLineFault.NODE: say(
            "no camera box is called “%(what)s”. Correct it, or add the box first."
        ),
        CsvLineFault.CAMERA: say("that box has no camera “%(what)s” of yours. Correct it."),
        CsvLineFault.AREA: say("“%(what)s” is no area that you look after. Correct it."),
        CsvLineFault.TEAM: say("no team of yours is called “%(what)s”. Correct it."),
        CsvLineFault.TEAM_MANY: say("several teams are called “%(what)s”. Use their pages."),
        CsvLineFault.WEEKDAY: say("“%(what)s” is no day. Write monday … sunday, or every day."),
        CsvLineFault.PERSON: say(
            "nobody who may be alerted here signs in as “%(what)s”. Correct it."
        ),
        CsvLineFault.SHIFT: say(
            "the hours of “%(what)s” differ from its other lines. Make them alike."
        ),
    }.get(fault, "")


def _of_boxes(fault: CsvLineFault, words: Messages) -> str:
    say = words.say
    return {
        CsvLineFault.BOX_NAME: say(
            "“%(what)s” is no name of a box. Use a-z, 0-9 and hyphens inside, as nga-tu-07."
        ),
        CsvLineFault.BOX_PLACE: say(
            "the box “%(what)s” stands in another area. Write that area, or another name."
        ),
        CsvLineFault.BOXES_MANY: say("more than %(what)s boxes. Make two tables of it."),
        CsvLineFault.CAMERA_NAME: say(
            "“%(what)s” is no name of a camera. Use a-z, 0-9 and hyphens inside, as gate-1."
        ),
        CsvLineFault.CAMERAS_MANY: say("the box has more than %(what)s cameras. Use another box."),
        CsvLineFault.LABEL: say("the label is longer than %(what)s letters. Shorten it."),
        CsvLineFault.SOURCE: say(
            "the source of “%(what)s” is none. Write rtsp://…, /dev/video0 or picamera:0."
        ),
    }.get(fault, "")
