"""What the tests of the grader share: fork servers that stay warm, and a toy course that no real exercise touches."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

from grader import i18n
from grader.course import Course, Exercise, load_course
from grader.errors import SandboxUnavailable
from grader.grade import grade
from grader.record import Settings
from grader.result import Grade
from grader.sandbox.backend import Sandboxed
from grader.sandbox.inside.session import Outcome
from grader.sandbox.launch import ForkServer
from grader.sandbox.limits import Limits
from grader.submission import Submission
from grader.sync import generate, write

TOY_COURSE = Path(__file__).parent / "toy_course"
PROJECT = Path(__file__).parent.parent.parent
collect_ignore = ["toy_course", "filled_exercise"]


# HYPOTHESIS_PROFILE: `default` (seconds, the same inputs each time) or `long` (minutes, new inputs each time).
SLOW = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.function_scoped_fixture]
settings.register_profile(
    "default", deadline=None, max_examples=60, derandomize=True, database=None, suppress_health_check=SLOW
)
settings.register_profile("long", deadline=None, max_examples=5000, suppress_health_check=SLOW)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "default"))

SMALL = {
    "check_cpu_s": 1.0,
    "check_wall_s": 15.0,  # wide: a busy machine may stand still for seconds
    "total_cpu_s": 4.0,
    "total_wall_s": 60.0,
    "memory_mb": 256,
    "scratch_mb": 4,
    "output_kb": 8,
    "answer_mb": 4,
}


@pytest.fixture(autouse=True)
def english() -> Iterator[None]:
    """Each test starts in English, whatever the locale and the test before."""
    i18n.set_language("en")
    yield
    i18n.set_language("en")


@pytest.fixture(scope="session")
def bwrap_server() -> Iterator[ForkServer]:
    """The real sandbox."""
    try:
        server = ForkServer("bwrap")
    except SandboxUnavailable as error:
        pytest.skip(f"no sandbox on this machine: {error}")
    with server:
        yield server


@pytest.fixture(scope="session")
def plain_server() -> Iterator[ForkServer]:
    """Plain processes, as on a student's machine."""
    with ForkServer("none") as server:
        yield server


@pytest.fixture
def sandboxed(bwrap_server: ForkServer) -> Iterator[Callable[..., Sandboxed]]:
    """sandboxed(source, forbidden=None, companions=None, **limits): a submission in the sandbox, under small limits."""
    made: list[Sandboxed] = []

    def make(
        source: str,
        forbidden: dict[str, list[str]] | None = None,
        companions: dict[str, str] | None = None,
        **limits: float,
    ) -> Sandboxed:
        few = Limits(**{**SMALL, **limits})
        made.append(Sandboxed(bwrap_server, source, "toy.py", forbidden or {}, few, companions))
        return made[-1]

    yield make
    for backend in made:
        backend.close()


@pytest.fixture
def unfiltered(plain_server: ForkServer) -> Iterator[Callable[..., Sandboxed]]:
    """unfiltered(source, **limits): a submission as a plain process, for what the filter would refuse."""
    made: list[Sandboxed] = []

    def make(source: str, **limits: float) -> Sandboxed:
        made.append(Sandboxed(plain_server, source, "toy.py", {}, Limits(**{**SMALL, **limits})))
        return made[-1]

    yield make
    for backend in made:
        backend.close()


@pytest.fixture
def call() -> Callable[..., Outcome]:
    """call(backend, name, *args): the outcome of one call, in a check of its own."""

    def perform(backend: Any, name: str, *args: Any, **kwargs: Any) -> Outcome:
        backend.begin_check()
        return backend.perform("call", name, {"name": name, "args": args, "kwargs": kwargs})

    return perform


@pytest.fixture(scope="session")
def toy_course(tmp_path_factory: pytest.TempPathFactory) -> Course:
    """The toy course with its stubs and recordings; not to be written to."""
    folder = tmp_path_factory.mktemp("toys")
    shutil.copytree(TOY_COURSE, folder, dirs_exist_ok=True)
    course = load_course(folder / "exercises" / "course.toml")
    for exercise in course.exercises:
        write(exercise, generate(exercise))
    return course


@pytest.fixture
def own_course(toy_course: Course, tmp_path: Path) -> Course:
    """A toy course that a test may change."""
    shutil.copytree(toy_course.root, tmp_path / "toys")
    return load_course(tmp_path / "toys" / "exercises" / "course.toml")


@pytest.fixture
def toy(toy_course: Course) -> Exercise:
    return toy_course.exercise("toy")


@pytest.fixture
def grade_source(toy_course: Course, bwrap_server: ForkServer) -> Callable[..., Grade]:
    """grade_source(text): the grade of one toy submission in the sandbox."""

    def make(source: str | None, student: str = "ann", **facts: str) -> Grade:
        submission = Submission(student, "toy", source, **facts)
        settings = Settings(secret=b"secret", sandbox="bwrap")
        return grade(toy_course, toy_course.exercise("toy"), [submission], settings, bwrap_server)[0]

    return make


@pytest.fixture
def keep_to() -> Iterator[Callable[[set[int]], None]]:
    """keep_to(cores): until the test ends this process runs on these alone."""
    if not hasattr(os, "sched_setaffinity"):  # macOS: nothing keeps to cores there, so there is nothing to test
        pytest.skip("only Linux lets a process say on which cores it runs")
    before = os.sched_getaffinity(0)
    yield lambda cores: os.sched_setaffinity(0, cores)
    os.sched_setaffinity(0, before)


# What a test may leave in this process, or a developer's terminal says, and what must not change what a command prints.
NOT_PASSED_ON = ("DOT2VIT", "PYTEST", "LC_", "COLUMNS", "LINES")


@pytest.fixture(scope="session")
def run_grader(toy_course: Course) -> Callable[..., "subprocess.CompletedProcess[str]"]:
    """run_grader("batch", …): the command as a user runs it, in the toy course's folder unless `cwd` says otherwise."""

    def run(*arguments: str | Path, cwd: Path | None = None, **environment: str) -> "subprocess.CompletedProcess[str]":
        env = {name: value for name, value in os.environ.items() if not name.startswith(NOT_PASSED_ON)}
        env |= {"LANG": "C.UTF-8", "DOT2VIT_SECRET": "secret", "PYTHONPATH": str(PROJECT)} | environment
        command = [sys.executable, "-c", "from grader.cli import main; main()", *map(str, arguments)]
        return subprocess.run(
            command, cwd=cwd or toy_course.root, env=env, capture_output=True, text=True, timeout=600, check=False
        )

    return run
