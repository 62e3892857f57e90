"""Rows a second into an nbgrader gradebook: ours at once, against nbgrader's own API, which commits each submission.

python benchmarks/gradebook.py [--students 1000] [--checks 20] [URL]...   URL: an empty database; by default a SQLite file

Wall time in one run, one after another; CPU time of this process beside it (a server's own is not in it).
"""

import argparse
import tempfile
import time
from datetime import datetime
from pathlib import Path

from nbgrader.api import Base, Gradebook
from sqlalchemy import func, select
from sqlalchemy.engine import make_url

from grader.nbgrader.cells import Cell
from grader.nbgrader.gradebook import ensure_course, writing
from grader.nbgrader.people import Member
from grader.nbgrader.rows import write_assignment, write_students
from grader.nbgrader.submissions import Submitted, write_submissions

NOW = datetime(2026, 11, 26, 12)
COUNTED = ("student", "submitted_assignment", "submitted_notebook", "grade", "comment")


def record(checks, verdict):
    facts = {"verdict": verdict, "points": 1.0 if verdict == "passed" else 0.0, "max_points": 1.0}
    facts |= {
        "message": "" if verdict == "passed" else "5 of 6 values differ",
        "hint": "",
        "draw_command": "",
        "speed": None,
    }
    return {"checks": [{"name": name, **facts} for name in checks], "notes": [], "output": "", "language": "en"}


def push(url, students, checks, verdict):
    with writing(make_url(url)) as connection:
        ensure_course(connection, "course")
        write_students(connection, [Member(student, "First", student) for student in students])
        cells = [Cell(name, ("TaskCell",), 1.0, "markdown", True, name, None) for name in checks]
        kept = write_assignment(connection, "course", "ours", cells, "{}")
        write_submissions(connection, kept, [Submitted(student, NOW, record(checks, verdict)) for student in students])


def by_nbgrader(url, students, checks):
    with Gradebook(url, "course") as gradebook:
        gradebook.add_assignment("theirs")
        gradebook.add_notebook("theirs", "theirs")
        for name in checks:
            gradebook.add_task_cell(name, "theirs", "theirs", max_score=1.0, cell_type="markdown")
        for student in students:
            submission = gradebook.update_or_create_submission("theirs", student, timestamp=NOW)
            for grade in submission.notebooks[0].grades:
                grade.auto_score, grade.needs_manual_grade = 1.0, False
            gradebook.db.commit()


def rows_in(url):
    with writing(make_url(url)) as connection:
        return sum(
            connection.execute(select(func.count()).select_from(Base.metadata.tables[name])).scalar()
            for name in COUNTED
        )


def measured(what, rows, action):
    wall, cpu = time.perf_counter(), time.process_time()
    action()
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    print(f"  {what:44} {rows:>7} rows  {wall:7.2f} s  {cpu:7.2f} s CPU  {rows / wall:>8.0f} rows/s")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("urls", nargs="*", metavar="URL")
    parser.add_argument("--students", type=int, default=1000)
    parser.add_argument("--checks", type=int, default=20)
    parser.add_argument("--theirs", type=int, default=100, help="students for nbgrader's own API")
    options = parser.parse_args()
    students = [f"student{n:05}" for n in range(options.students)]
    checks = [f"test_{n:02}" for n in range(options.checks)]
    with tempfile.TemporaryDirectory() as folder:
        for url in options.urls or [f"sqlite:///{Path(folder) / 'gradebook.db'}"]:
            print(make_url(url).render_as_string(hide_password=True).partition("?")[0])
            measure(url, students, checks, options.theirs)


def measure(url, students, checks, few):
    rows, changed = len(students) * (3 + 2 * len(checks)), len(students) * 2 * len(checks)
    measured("a class for the first time", rows, lambda: push(url, students, checks, "passed"))
    assert rows_in(url) == rows
    measured("again, nothing changed (rows compared)", rows, lambda: push(url, students, checks, "passed"))
    measured("again, every score and comment another", changed, lambda: push(url, students, checks, "failed"))
    theirs = few * (2 + 2 * len(checks))
    measured(f"nbgrader's own API, {few} students", theirs, lambda: by_nbgrader(url, students[:few], checks))


if __name__ == "__main__":
    main()
