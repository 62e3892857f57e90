"""Verify several exercises at once, each in a grading process, or in several where it trains."""

from collections.abc import Callable
from concurrent.futures import as_completed
from dataclasses import dataclass

from .course import Course, Exercise
from .errors import Stopped
from .pool import verify_exercise
from .processes import abandon, local_executor
from .verify import merged, sources_of
from .verify_rows import Verification


@dataclass(frozen=True)
class Share:
    """One process's share of an exercise: every `parts`-th source, from number `part` on."""

    exercise: Exercise
    part: int
    parts: int


def verify_in_processes(
    course: Course,
    exercises: list[Exercise],
    seeds: int,
    sandbox: str,
    jobs: int,
    on_progress: Callable[[str], None] = lambda text: None,
    first_seed: int = 0,
) -> Verification:
    """As `verify.verify`, in `jobs` processes; the exercises come in the course's order."""
    shares = shares_of(exercises, jobs)
    executor = local_executor(min(jobs, len(shares)), sandbox)
    course_file = course.root / "exercises" / "course.toml"
    try:
        futures = {
            executor.submit(
                verify_exercise, course_file, share.exercise.name, seeds, share.part, share.parts, first_seed
            ): share
            for share in shares
        }
        for done, future in enumerate(as_completed(futures), 1):
            future.result()  # a fault of the machine ends it here
            on_progress(f"{done} of {len(shares)} parts verified, one of {futures[future].exercise.name} the last")
    except KeyboardInterrupt:
        abandon(executor)
        raise Stopped from None
    except BaseException:
        abandon(executor)
        raise
    executor.shutdown()
    found = {(share.exercise.name, share.part): future.result() for future, share in futures.items()}
    parts_of_each = [[found[key] for key in sorted(found) if key[0] == exercise.name] for exercise in exercises]
    return merged(exercises, parts_of_each)


def shares_of(exercises: list[Exercise], jobs: int) -> list[Share]:
    """The long ones first, so that no process is left alone with one at the end: what trains, then what has many sources."""
    sources = {exercise.name: len(sources_of(exercise)) for exercise in exercises}
    long_first = sorted(exercises, key=lambda exercise: (not exercise.training, -sources[exercise.name]))
    return [
        Share(exercise, part, parts)
        for exercise in long_first
        for parts in [min(jobs, sources[exercise.name]) if exercise.training else 1]
        for part in range(parts)
    ]
