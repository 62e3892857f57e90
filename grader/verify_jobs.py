"""Verify several exercises at once, each in a grading process."""

from collections.abc import Callable
from concurrent.futures import as_completed

from .batch import abandon, local_executor
from .course import Course, Exercise
from .errors import Stopped
from .pool import verify_exercise
from .verify import Verification, used_twice


def verify_in_processes(
    course: Course,
    exercises: list[Exercise],
    seeds: int,
    sandbox: str,
    jobs: int,
    on_progress: Callable[[str], None] = lambda text: None,
) -> Verification:
    """As `verify.verify`, in `jobs` processes; the exercises come in the course's order."""
    executor = local_executor(min(jobs, len(exercises)), sandbox)
    course_file = course.root / "exercises" / "course.toml"
    try:
        futures = {
            executor.submit(verify_exercise, course_file, exercise.name, seeds): exercise for exercise in exercises
        }
        for done, future in enumerate(as_completed(futures), 1):
            future.result()  # a fault of the machine ends it here
            on_progress(f"{done} of {len(exercises)} exercises verified, {futures[future].name} the last")
    except KeyboardInterrupt:
        abandon(executor)
        raise Stopped from None
    except BaseException:
        abandon(executor)
        raise
    executor.shutdown()
    parts = [future.result() for future in futures]
    own = [problem for part in parts for problem in part.problems]
    across = [problem for problem in used_twice(exercises) if problem not in own]
    return Verification([row for part in parts for row in part.rows], across + own)
