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

from ..course import Course, find_course
from ..errors import UserError
from ..files import not_written, replace
from ..i18n import _
from ..intake.collect import collect
from ..reports.records import cell
from ..text import plain
from .pages import html_page
from .ranking import Ranked, Ranking, rankings

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
    shown: list[Ranking] = []
    with collect(submissions, layout, roster) as collected:
        for mention in collected.mentions:
            said.print(plain(mention), style="yellow", markup=False, soft_wrap=True)
        for ranking in rankings(exercises, collected, top, points):
            shown.append(ranking)
            _print(console, ranking)
    console.print(
        _("Likeness is no proof: look at both files, and speak with both students, before you think of anything.")
    )
    if out is not None:
        _write(out, shown)


def _points(db: str) -> dict[tuple[str, str], float]:
    from ..store import Store

    if "://" not in db and not Path(db).exists():
        raise UserError(f"There is no store {db}. Grade a class first (grader batch), or leave out --db.")
    with Store(db) as store:
        return {(grade.student, grade.exercise): grade.points for grade in store.counted() if not grade.needs_review}


def _print(console: Console, ranking: Ranking) -> None:
    console.print(Text(f"{ranking.exercise.name}  ", "bold").append(ranking.verdict, "default"))
    if not ranking.pairs:
        return
    table = Table(box=box.SIMPLE, padding=(0, 1, 0, 0), pad_edge=False)
    for title in ("", _("student"), _("student"), _("likeness"), _("shared pieces"), _("from the class's median"), ""):
        table.add_column(title)
    for rank, ranked in enumerate(ranking.pairs, 1):
        style = "yellow" if ranked.is_unusual else "default"
        table.add_row(
            str(rank),
            *(Text(plain(side.label)[:60]) for side in ranked.sides),
            Text(f"{ranked.pair.likeness:.0%}", style),
            f"{ranked.pair.shared:.0f}",
            f"{ranked.pair.distance:+.1f}",
            Text(_("look at both") if ranked.is_unusual else "", style),
        )
    console.print(table)


def _write(out: Path, shown: Sequence[Ranking]) -> None:
    rows = [_row(ranking, rank, ranked) for ranking in shown for rank, ranked in enumerate(ranking.pairs, 1)]
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        if out.suffix == ".html":
            replace(out, html_page(shown))
        elif out.suffix == ".json":
            exercises = [
                {"exercise": ranking.exercise.name, "judged": ranking.can_judge, "verdict": ranking.verdict}
                for ranking in shown
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


def _row(ranking: Ranking, rank: int, ranked: Ranked) -> dict[str, object]:
    pair = ranked.pair
    return {
        "exercise": ranking.exercise.name,
        "rank": rank,
        "first": pair.first,
        "second": pair.second,
        "likeness": round(pair.likeness, 4),
        "shared": round(pair.shared, 1),
        "distance": round(pair.distance, 2),
        "usual": None if ranking.usual is None else round(ranking.usual, 4),
        "unusual": ranked.is_unusual,
    }
