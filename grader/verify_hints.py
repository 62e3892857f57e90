"""Are the hints of an exercise complete: three steps in both languages for all that the stub leaves to be written?"""

from .course import Exercise
from .errors import UserError
from .hints import STEPS, load_hints
from .verify_inputs import to_be_written


def hint_problems(exercise: Exercise) -> list[str]:
    """What is wrong with exercises/hints/EXERCISE.toml, as sentences."""
    place = exercise.hints_path.relative_to(exercise.root).as_posix()
    if not exercise.hints_path.is_file():
        return [f"{exercise.name}: there are no hints {place}"]
    try:
        hints = load_hints(exercise.hints_path)
    except UserError as error:
        return [f"{exercise.name}: {error}"]
    wanted = to_be_written(exercise)
    problems = [f"{exercise.name}: {place} has no steps for {name}" for name in wanted if name not in hints]
    problems += [
        f"{exercise.name}: {place} has steps for {name}, which the stub does not leave to be written"
        for name in hints
        if name not in wanted
    ]
    for name in wanted:
        for language in ("en", "ko"):
            steps = [text for text in hints.get(name, {}).get(language, []) if text.strip()]
            if name in hints and (len(steps) != STEPS or len(set(steps)) != STEPS):
                problems.append(f"{exercise.name}: {place}, {name}, needs {STEPS} different steps in {language!r}")
    return problems
