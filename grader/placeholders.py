"""What `grader new-exercise` leaves to be written carries this word, and `grader verify` asks for it."""

from pathlib import Path

from .course import Exercise

PLACEHOLDER = "PLACEHOLDER"
ENDS = " \"',)"  # of the string that a placeholder stands in


def placeholder_problems(exercise: Exercise) -> list[str]:
    """Each line of an exercise that is still a placeholder, as a sentence."""
    problems = [
        f"{exercise.name}: exercises/course.toml still holds a {PLACEHOLDER} for its title"
        for title in (exercise.title_en, exercise.title_ko)
        if PLACEHOLDER in title
    ]
    for path in written_files(exercise):
        if not path.is_file():
            continue
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            if PLACEHOLDER in line:
                _before, _word, what = line.partition(PLACEHOLDER)
                place = path.relative_to(exercise.root).as_posix()
                problems.append(
                    f"{exercise.name}: {place}, line {number}, still holds a {PLACEHOLDER}{what.rstrip(ENDS)}"
                )
    return problems


def written_files(exercise: Exercise) -> list[Path]:
    """All that an author writes by hand, beside the entry in course.toml."""
    solutions = exercise.root / "solutions"
    return [
        exercise.reference_path,
        solutions / "misconceptions" / exercise.filename,
        solutions / "alternatives" / exercise.filename,
        exercise.visible_path,
        exercise.hidden_path,
        exercise.inputs_path,
        exercise.hints_path,
        exercise.guide_path("en"),
        exercise.guide_path("ko"),
    ]
