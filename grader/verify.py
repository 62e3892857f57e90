"""The author's gate: is every exercise sound?

Stubs earn nothing, references and alternatives earn everything, every misconception loses marks and is named rightly, in
the hidden run and on a student's machine, and nothing that is generated is out of step.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

from .course import Course, Exercise
from .errors import GraderFault
from .grade import grade
from .local import check_locally
from .record import Settings
from .result import CheckResult, Grade, Verdict
from .sandbox.launch import ForkServer
from .submission import Submission
from .sync import generate, make_stub, out_of_step

MIN_MISCONCEPTIONS = 8
MIN_ALTERNATIVES = 6


@dataclass
class Row:
    """One graded source: what it is, what it earned, what it was called, and what is wrong with that."""

    exercise: str
    kind: str
    id: str
    points: float
    max_points: float
    named_hidden: str = ""
    named_local: str = ""
    problems: list[str] = field(default_factory=list)


@dataclass
class Verification:
    rows: list[Row] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    @property
    def all_problems(self) -> list[str]:
        return self.problems + [
            f"{row.exercise}, {row.kind} {row.id}: {problem}" for row in self.rows for problem in row.problems
        ]


def verify(
    course: Course,
    exercises: list[Exercise],
    seeds: int,
    server: ForkServer | None,
    on_row: Callable[[Row], None] = lambda row: None,
) -> Verification:
    """Verify exercises under `seeds` seeds. Without a server the sources, all trusted, are run in this process."""
    verification = Verification()
    ids: set[str] = set()
    for exercise in exercises:
        verification.problems += _missing_parts(exercise)
        for variant in exercise.misconceptions + exercise.alternatives:
            if variant.id in ids:
                verification.problems.append(f"{exercise.name}: the id {variant.id} is used twice")
            ids.add(variant.id)
        try:
            verification.problems += out_of_step(exercise, generate(exercise))
            for seed in range(seeds):
                for row in _rows(course, exercise, str(seed), server):
                    verification.rows.append(row)
                    on_row(row)
        except (GraderFault, FileNotFoundError) as error:
            verification.problems.append(f"{exercise.name}: {error}")
    return verification


def _missing_parts(exercise: Exercise) -> list[str]:
    problems = [
        f"{exercise.name}: there is no guide exercises/guide/{language}/{exercise.name}.md"
        for language in ("en", "ko")
        if not exercise.guide_path(language).is_file()
    ]
    if len(exercise.misconceptions) < MIN_MISCONCEPTIONS:
        problems.append(
            f"{exercise.name} has {len(exercise.misconceptions)} misconceptions, {MIN_MISCONCEPTIONS} needed"
        )
    if len(exercise.alternatives) < MIN_ALTERNATIVES:
        problems.append(f"{exercise.name} has {len(exercise.alternatives)} alternatives, {MIN_ALTERNATIVES} needed")
    for variant in exercise.misconceptions:
        if not (variant.en and variant.ko and variant.breaks):
            problems.append(f"{exercise.name}: {variant.id} lacks its hint in English or Korean, or what it breaks")
    return problems


def _rows(course: Course, exercise: Exercise, seed: str, server: ForkServer | None) -> list[Row]:
    stub = make_stub(exercise.reference_source, exercise.name)
    sources = [("stub", exercise.name, stub), ("reference", exercise.name, exercise.reference_source)]
    sources += [("alternative", variant.id, variant.source) for variant in exercise.alternatives]
    sources += [("misconception", variant.id, variant.source) for variant in exercise.misconceptions]
    submissions = [Submission(f"{kind}:{id}", exercise.name, source) for kind, id, source in sources]
    settings = Settings(seed=seed, sandbox="import" if server is None else server.sandbox)
    grades = grade(course, exercise, submissions, settings, server)
    rows = []
    for (kind, id, _), submission, graded in zip(sources, submissions, grades, strict=True):
        row = Row(exercise.name, kind, id, graded.points, graded.max_points, named_hidden=_named(graded.checks))
        local: list[CheckResult] = []
        if seed == "0":  # the visible checks do not depend on the seed
            local = check_locally(exercise, submission, None).checks
            row.named_local = _named(local)
        row.problems = _problems(kind, id, graded, local, exercise, seed)
        rows.append(row)
    return rows


def _named(checks: list[CheckResult]) -> str:
    """The misconceptions named, most often named first."""
    names = [check.misconception for check in checks if check.misconception]
    return ", ".join(sorted(set(names), key=lambda name: (-names.count(name), name)))


def _problems(kind: str, id: str, graded: Grade, local: list[CheckResult], exercise: Exercise, seed: str) -> list[str]:
    problems = []
    failed = [check.name for check in graded.checks if check.verdict != Verdict.PASSED]
    failed_locally = [check.name for check in local if check.verdict != Verdict.PASSED]
    if graded.needs_review:
        problems.append(f"seed {seed}: needs review ({'; '.join(graded.review_reasons)})")
    if graded.max_points != exercise.points:
        problems.append(f"its checks have {graded.max_points:g} points, course.toml says {exercise.points:g}")
    if kind == "stub":
        if graded.points or any(check.verdict != Verdict.MISSING for check in graded.checks):
            problems.append("a check does not say that the stub is not started")
        if any(check.verdict != Verdict.MISSING for check in local):
            problems.append("a visible check does not say that the stub is not started")
    elif kind in ("reference", "alternative"):
        if failed:
            problems.append(f"seed {seed}: loses marks in {', '.join(failed)}")
        if failed_locally:
            problems.append(f"fails the visible {', '.join(failed_locally)}")
    else:
        problems += _naming_problems(id, graded, local, seed, failed_locally)
    return problems


def _naming_problems(
    id: str, graded: Grade, local: list[CheckResult], seed: str, failed_locally: list[str]
) -> list[str]:
    problems = []
    if graded.points == graded.max_points:
        problems.append(f"seed {seed}: keeps full marks")
    elif _named(graded.checks).split(", ")[0] != id:
        problems.append(f"seed {seed}: is called {_named(graded.checks) or 'nothing'} in the hidden run")
    if seed == "0":
        if not failed_locally:
            problems.append("passes all visible checks")
        elif _named(local).split(", ")[0] != id:
            problems.append(f"is called {_named(local) or 'nothing'} by the visible checks")
    return problems
