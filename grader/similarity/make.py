"""The command `grader similarity`: read the class's files, compare those of each exercise, show the pairs."""

import csv
import io
import json
from collections.abc import Sequence
from pathlib import Path

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from ..course import Course, Exercise, find_course
from ..errors import UserError
from ..files import not_written, replace
from ..i18n import _
from ..intake.collect import Collected, collect
from ..reports.records import cell
from ..submission import submission_of
from ..text import plain
from .compare import ENOUGH, Comparison, Pair, compare
from .pages import Shown, html_page

KINDS = (".html", ".json", ".csv")
COLUMNS = ("exercise", "rank", "first", "second", "likeness", "shared", "distance", "usual", "unusual")


def show_similarity(
    console: Console,
    said: Console,
    submissions: Path,
    db: str | None,
    only: Sequence[str],
    out: Path | None,
    top: int,
    layout: str | None = None,
    roster: Path | None = None,
    course: Course | None = None,
) -> None:
    """Print the pairs that are most alike, `top` of each exercise, and write them to a file. Raises UserError.

    said: where mentions of the files go. db: a store, to show points beside the names.
    """
    course = course or find_course()
    exercises = course.select(list(only))
    if out is not None and out.suffix not in KINDS:
        raise UserError(f"{out}: its name says in which format it is written. Choose from: FILE{', FILE'.join(KINDS)}.")
    points = _points(db) if db is not None else {}
    shown: list[Shown] = []
    with collect(submissions, layout, roster) as collected:
        for mention in collected.mentions:
            said.print(plain(mention), style="yellow", markup=False, soft_wrap=True)
        for exercise in exercises:
            found = compare_class(exercise, _sources(collected, exercise))
            shown.append(Shown(exercise, found, found.leading(top), points))
            _print(console, shown[-1])
    console.print(
        _("Likeness is no proof: look at both files, and speak with both students, before you think of anything.")
    )
    if out is not None:
        _write(out, shown)


def compare_class(exercise: Exercise, sources: dict[str, str]) -> Comparison:
    """Compare a class's sources of an exercise, with what the course knows of it."""
    return compare(
        sources,
        given=[exercise.stub_path.read_text(encoding="utf-8"), exercise.reference_source],
        known=[variant.source for variant in exercise.misconceptions],
        independent=[variant.source for variant in exercise.alternatives],
    )


def _sources(collected: Collected, exercise: Exercise) -> dict[str, str]:
    found = {}
    for student in collected.students:
        submission = submission_of(student, exercise)
        student.close()
        if submission.source is not None:
            found[student.name] = submission.source
    return found


def _points(db: str) -> dict[tuple[str, str], float]:
    from ..store import Store

    if "://" not in db and not Path(db).exists():
        raise UserError(f"There is no store {db}. Grade a class first (grader batch), or leave out --db.")
    with Store(db) as store:
        return {(grade.student, grade.exercise): grade.points for grade in store.counted() if not grade.needs_review}


def _print(console: Console, shown: Shown) -> None:
    found = shown.found
    console.print(Text(f"{shown.exercise.name}  ", "bold").append(verdict(found), "default"))
    if not shown.pairs:
        return
    table = Table(box=box.SIMPLE, padding=(0, 1, 0, 0), pad_edge=False)
    for title in ("", _("student"), _("student"), _("likeness"), _("shared pieces"), _("from the class's median"), ""):
        table.add_column(title)
    for rank, pair in enumerate(shown.pairs, 1):
        style = "yellow" if found.is_unusual(pair) else "default"
        table.add_row(
            str(rank),
            *(Text(plain(shown.label(name))[:60]) for name in (pair.first, pair.second)),
            Text(f"{pair.likeness:.0%}", style),
            f"{pair.shared:.0f}",
            f"{pair.distance:+.1f}",
            Text(_("look at both") if found.is_unusual(pair) else "", style),
        )
    console.print(table)


def verdict(found: Comparison) -> str:
    """What can be said of an exercise, in a sentence or two."""
    count = len(found.weights)
    if count < 2:
        return _("Fewer than two files: nothing to compare.")
    if not found.can_judge:
        return _(
            "Cannot be judged: {short} of {count} files hold fewer than {enough} pieces that are not given or common; "
            "what is alike there may well be chance."
        ).format(short=len(found.short), count=count, enough=ENOUGH)
    if found.usual is None:
        usual = _("Too few independent solutions are known to say what is usual.")
    else:
        usual = _("Independent solutions are alike up to {usual}.").format(usual=f"{found.usual:.0%}")
    left = _("{short} of {count} files are too short to judge.").format(short=len(found.short), count=count)
    return f"{usual} {left}" if found.short else usual


def _write(out: Path, shown: Sequence[Shown]) -> None:
    rows = [_row(one, rank, pair) for one in shown for rank, pair in enumerate(one.pairs, 1)]
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        if out.suffix == ".html":
            replace(out, html_page([(one, verdict(one.found)) for one in shown]))
        elif out.suffix == ".json":
            exercises = [
                {"exercise": one.exercise.name, "judged": one.found.can_judge, "verdict": verdict(one.found)}
                for one in shown
            ]
            replace(out, json.dumps({"exercises": exercises, "pairs": rows}, indent=2, ensure_ascii=False) + "\n")
        else:
            table = io.StringIO()
            writer = csv.DictWriter(table, COLUMNS)
            writer.writeheader()
            writer.writerows(
                {**row, "first": cell(str(row["first"])), "second": cell(str(row["second"]))} for row in rows
            )
            replace(out, table.getvalue(), encoding="utf-8-sig")  # the BOM makes Excel read Hangul
    except OSError as error:
        raise not_written("The comparison", out, error) from None


def _row(one: Shown, rank: int, pair: Pair) -> dict[str, object]:
    return {
        "exercise": one.exercise.name,
        "rank": rank,
        "first": pair.first,
        "second": pair.second,
        "likeness": round(pair.likeness, 4),
        "shared": round(pair.shared, 1),
        "distance": round(pair.distance, 2),
        "usual": None if one.found.usual is None else round(one.found.usual, 4),
        "unusual": one.found.is_unusual(pair),
    }
