"""Students as a gradebook keeps them: an id that is a folder's name too, a first and a last name, an address."""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from ..intake.roster import Roster
from ..reports.records import folders_of
from ..text import plain

MAX = 128  # characters of a column of nbgrader's
NO_NAME = "–"  # nbgrader shows "None" for an empty name
_TWO_SYLLABLES = (
    "남궁",
    "황보",
    "제갈",
    "사공",
    "선우",
    "서문",
    "독고",
    "동방",
)  # Korean family names of more than one
_HANGUL = re.compile(r"[가-힣]+")


@dataclass(frozen=True)
class Member:
    """A student's row: `id` names the folders submitted/ID and autograded/ID as well."""

    id: str
    first_name: str
    last_name: str
    email: str | None = None
    lms_user_id: str | None = None


def members_of(students: Collection[str], roster: Roster | None = None) -> tuple[dict[str, Member], list[str]]:
    """Student -> row for these and for all on the roster; and those whom nbgrader cannot take, as it finds no such folder."""
    names = {*students, *(roster.students if roster else ())}
    ids = folders_of(names)
    refused = sorted(name for name, id in ids.items() if len(id) > MAX or set("[]") & set(id))
    people = roster.people if roster else {}
    members = {}
    for name in sorted(names.difference(refused)):
        person = people.get(name)
        last, first = split_name((person.name if person else "") or name)
        members[name] = Member(
            ids[name],
            plain(first)[:MAX],
            plain(last)[:MAX],
            plain(person.email)[:MAX] or None if person else None,
            plain(person.id)[:MAX] or None if person else None,
        )
    return members, refused


def split_name(name: str) -> tuple[str, str]:
    """Last and first name. "Kim, Minjun", "Minjun Kim" and, family name first, "김민준" and "김 민준"."""
    last, comma, first = (part.strip() for part in name.partition(","))
    words = name.split()
    if not comma and len(words) > 1:
        family = 0 if _HANGUL.fullmatch(words[0]) else -1
        last = words.pop(family)
        first = " ".join(words)
    elif not comma and _HANGUL.fullmatch(name) and len(name) > 1:
        size = 2 if len(name) > 2 and name.startswith(_TWO_SYLLABLES) else 1
        last, first = name[:size], name[size:]
    return last or NO_NAME, first or NO_NAME


def merged(member: Member, there: Mapping[str, str | None]) -> dict[str, str | None]:
    """The columns of an existing row that are to change: empty ones, and those that an earlier push could only guess."""
    guess = dict(zip(("last_name", "first_name"), split_name(member.id), strict=True))
    wanted = {
        "first_name": member.first_name,
        "last_name": member.last_name,
        "email": member.email,
        "lms_user_id": member.lms_user_id,
    }
    return {
        column: value
        for column, value in wanted.items()
        if value and value != there[column] and there[column] in (None, "", guess.get(column))
    }
