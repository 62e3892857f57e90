"""How long does feedback for a class take, and how large is it?

    python benchmarks/feedback.py [--students 300] [--jobs 2] [--keep DIR]

The class is that of benchmarks/report.py: 300 students out of right, wrong and hostile files. Their files lie on the disk, so
that the pages show sources with remarks. --keep keeps store, files and pages; with the same DIR as there the class is
graded once.
"""

import argparse
import tempfile
from pathlib import Path

from report import measured, sources, stored_class  # benchmarks/report.py

from grader.course import Course, find_course
from grader.store import Store
from grader.submission import Submission


def hand_in(course: Course, db: Path, folder: Path) -> int:
    """Write the file that each grade is of; returns how many there are."""
    texts = {
        Submission("", exercise.name, source).sha256: (exercise.filename, source)
        for exercise in course.exercises
        for _kind, source in sources(course, exercise)
        if source is not None
    }
    count = 0
    with Store(str(db)) as store:
        for grade in store.counted():
            if grade.source_sha256 in texts and "/" not in grade.student:
                name, source = texts[grade.source_sha256]
                (folder / grade.student).mkdir(parents=True, exist_ok=True)
                (folder / grade.student / name).write_text(source, encoding="utf-8", errors="surrogatepass")
                count += 1
    return count


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--students", type=int, default=300)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--keep", type=Path)
    options = parser.parse_args()
    course = find_course()
    with tempfile.TemporaryDirectory() as scratch:
        folder = options.keep or Path(scratch)
        folder.mkdir(parents=True, exist_ok=True)
        db, out, files = folder / f"class-{options.students}.db", folder / "feedback", folder / "submissions"
        stored_class(course, db, options.students, options.jobs)
        count = hand_in(course, db, files)
        wall, cpu = measured("feedback", str(out), "--db", str(db), "--submissions", str(files))
        sizes = sorted(path.stat().st_size for path in out.rglob("feedback.html"))
        everything = sum(path.stat().st_size for path in out.rglob("feedback.*"))
        print(f"{len(sizes)} students, {count} files: {wall:.1f} s, of which a CPU worked {cpu:.1f} s")
        middle, largest = sizes[len(sizes) // 2] / 1e3, sizes[-1] / 1e3
        print(f"{everything / 1e6:.1f} MB; the median page of HTML {middle:.0f} kB, the largest {largest:.0f} kB")


if __name__ == "__main__":
    main()
