"""The author's gate: is every exercise sound?

Stubs earn nothing, references and alternatives earn everything, every misconception loses marks and is named rightly, in
the hidden run under every seed and on a student's machine, and nothing that is generated is out of step.
"""

from collections.abc import Callable
from itertools import zip_longest

from .course import Course, Exercise
from .errors import GraderFault
from .grade import Marking, grade
from .local import check_locally
from .placeholders import placeholder_problems
from .record import Settings
from .result import CheckResult, Grade, Verdict
from .sandbox.connection import Connection
from .submission import Submission
from .sync import generate, make_stub, out_of_step
from .verify_hints import hint_problems
from .verify_inputs import draw_commands, input_problems
from .verify_rows import Part, Row, Verification

MIN_MISCONCEPTIONS = 8
MIN_ALTERNATIVES = 6
MIN_NAMED_OF_ONE = 0.5  # of one misconception's runs: below, its hint is more often missed than told


def verify(
    course: Course,
    exercises: list[Exercise],
    seeds: int,
    server: Connection | None,
    on_progress: Callable[[str], None] = lambda text: None,
    first_seed: int = 0,
) -> Verification:
    """Verify exercises under `seeds` seeds, from `first_seed` on. Without a server the trusted sources run in this process."""
    return merged(
        exercises,
        [
            [verify_part(course, exercise, seeds, server, on_progress=on_progress, first_seed=first_seed)]
            for exercise in exercises
        ],
    )


def verify_part(
    course: Course,
    exercise: Exercise,
    seeds: int,
    server: Connection | None,
    part: int = 0,
    parts: int = 1,
    on_progress: Callable[[str], None] = lambda text: None,
    first_seed: int = 0,
) -> Part:
    """Verify every `parts`-th source, from number `part` on; with the first part also what is one for the whole exercise."""
    done = Part()
    try:
        if part == 0:
            done.problems += _missing_parts(exercise)
            done.problems += hint_problems(exercise)
            done.problems += input_problems(exercise)
            done.problems += out_of_step(exercise, generate(exercise))
        sources = sources_of(exercise)[part::parts]
        done.rows = _rows(course, exercise, sources, range(first_seed, first_seed + seeds), server, on_progress)
    except (GraderFault, FileNotFoundError) as error:
        done.fault = f"{exercise.name}: {error}"
    return done


def merged(exercises: list[Exercise], parts_of_each: list[list[Part]]) -> Verification:
    """All parts of each exercise in one: the rows in the order of the sources, none where a part has a fault."""
    verification = Verification(problems=used_twice(exercises))
    for parts in parts_of_each:
        verification.problems += [problem for part in parts for problem in part.problems]
        faults = [part.fault for part in parts if part.fault]
        verification.problems += faults[:1]  # the others are the same one, seen by another process
        if not faults:
            in_turn = zip_longest(*(part.rows for part in parts))
            verification.rows += [row for turn in in_turn for row in turn if row is not None]
    return verification


def used_twice(exercises: list[Exercise]) -> list[str]:
    """An id names one variant of the whole course."""
    problems = []
    ids: set[str] = set()
    for exercise in exercises:
        for variant in exercise.misconceptions + exercise.alternatives:
            if variant.id in ids:
                problems.append(f"{exercise.name}: the id {variant.id} is used twice")
            ids.add(variant.id)
    return problems


def _missing_parts(exercise: Exercise) -> list[str]:
    problems = placeholder_problems(exercise)
    problems += [
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


def sources_of(exercise: Exercise) -> list[tuple[str, str, str]]:
    """Kind, id and text of everything that is graded."""
    return [
        ("stub", exercise.name, make_stub(exercise.reference_source, exercise.name)),
        ("reference", exercise.name, exercise.reference_source),
        *(("alternative", variant.id, variant.source) for variant in exercise.alternatives),
        *(("misconception", variant.id, variant.source) for variant in exercise.misconceptions),
    ]


def _rows(
    course: Course,
    exercise: Exercise,
    sources: list[tuple[str, str, str]],
    seeds: range,
    server: Connection | None,
    on_progress: Callable[[str], None],
) -> list[Row]:
    rows = [Row(exercise.name, kind, id) for kind, id, _ in sources]
    submissions = [
        Submission(f"{kind}:{id}", exercise.name, source, companions=_companions(exercise, kind))
        for kind, id, source in sources
    ]
    commands = set.union(*(draw_commands(course.exercise(name)) for name in (exercise.name, *exercise.uses)))
    on_progress(f"{exercise.name}: visible checks")
    for row, submission in zip(rows, submissions, strict=True):
        _judge_locally(row, check_locally(exercise, submission, None).checks, commands)
    marking = Marking(exercise)
    for seed in seeds:
        on_progress(f"{exercise.name}: seed {seed}")
        settings = Settings(seed=str(seed), sandbox="import" if server is None else server.sandbox)
        grades = _grades(course, exercise, submissions, rows, settings, server, marking)
        for row, graded in zip(rows, grades, strict=True):
            _judge(row, graded, seed, exercise, commands)
    for row in rows:
        if row.is_misconception and row.times_named < MIN_NAMED_OF_ONE * len(seeds):
            named = zip(seeds, row.names_by_seed, strict=True)
            astray = [seed for seed, names in named if names.split(", ")[0] != row.id]
            called = max(row.names_by_seed, key=row.names_by_seed.count) or "nothing"
            row.found[f"is called {called} in the hidden run"] = astray
    return rows


def _grades(
    course: Course,
    exercise: Exercise,
    submissions: list[Submission],
    rows: list[Row],
    settings: Settings,
    server: Connection | None,
    marking: Marking,
) -> list[Grade]:
    """A grade for each row. A training takes long and names nothing, so what lost marks before it is spared it.

    A misconception's grade may therefore lack the checks that train.
    """

    def graded(numbers: list[int], trains: bool) -> dict[int, Grade]:
        chosen = [submissions[number] for number in numbers]
        grades = grade(course, exercise, chosen, settings, server, marking, trains=trains) if chosen else []
        return dict(zip(numbers, grades, strict=True))

    spared = [number for number, row in enumerate(rows) if _may_be_spared(row, exercise)]
    found = graded([number for number in range(len(rows)) if number not in spared], True) | graded(spared, False)
    found |= graded([number for number in spared if found[number].points == found[number].max_points], True)
    return [found[number] for number in range(len(rows))]


def _may_be_spared(row: Row, exercise: Exercise) -> bool:
    """Whether a source need not be trained once it has lost marks."""
    return row.is_misconception and bool(exercise.training)


def _companions(exercise: Exercise, kind: str) -> tuple[tuple[str, str], ...]:
    """The files that go with a source: stubs with a stub, references with all others."""
    return tuple(
        (name, make_stub(source, name) if kind == "stub" else source)
        for name, source in exercise.used_references.items()
    )


def _judge_locally(row: Row, checks: list[CheckResult], commands: set[str]) -> None:
    """The visible checks draw from a fixed key: no seed changes them."""
    row.named_local = _named(checks)
    failed = [check.name for check in checks if check.verdict != Verdict.PASSED]
    if row.kind == "stub":
        if any(check.verdict != Verdict.MISSING for check in checks):
            _find(row, "a visible check does not say that the stub is not started")
    elif not row.is_misconception:
        if failed:
            _find(row, f"fails the visible {', '.join(failed)}")
    elif not failed:
        _find(row, "passes all visible checks")
    elif row.named_local.split(", ")[0] != row.id:
        _find(row, f"is called {row.named_local or 'nothing'} by the visible checks")
    _find_unknown_commands(row, checks, commands)


def _judge(row: Row, graded: Grade, seed: int, exercise: Exercise, commands: set[str]) -> None:
    left_out = exercise.points - graded.max_points if _may_be_spared(row, exercise) else 0.0
    row.points_by_seed.append(graded.points + left_out)
    row.max_points = graded.max_points + left_out
    row.names_by_seed.append(_named(graded.checks))
    failed = [check.name for check in graded.checks if check.verdict != Verdict.PASSED]
    if graded.needs_review:
        _find(row, f"needs review ({'; '.join(graded.review_reasons)})", seed)
    if row.max_points != exercise.points:
        _find(row, f"its checks have {graded.max_points:g} points, course.toml says {exercise.points:g}")
    if row.kind == "stub":
        if graded.points or any(check.verdict != Verdict.MISSING for check in graded.checks):
            _find(row, "a check does not say that the stub is not started")
    elif row.is_misconception:
        if graded.points == graded.max_points:
            _find(row, "keeps full marks", seed)
    elif failed:
        _find(row, f"loses marks in {', '.join(failed)}", seed)
    _find_unknown_commands(row, graded.checks, commands)


def _find_unknown_commands(row: Row, checks: list[CheckResult], commands: set[str]) -> None:
    for check in checks:
        if check.draw_command and check.draw_command not in commands:
            _find(row, f"{check.name} tells to run `{check.draw_command}`, for which there is no input")


def _find(row: Row, problem: str, seed: int | None = None) -> None:
    row.found.setdefault(problem, []).extend([] if seed is None else [seed])


def _named(checks: list[CheckResult]) -> str:
    """The misconceptions named, most often named first."""
    names = [check.misconception for check in checks if check.misconception]
    return ", ".join(sorted(set(names), key=lambda name: (-names.count(name), name)))
