"""Mistakes that no misconception fits, grouped by what the wrong answers are.

A check's inputs are drawn for each student, so the answers that were graded cannot be compared with one another. The
submissions with such a mistake therefore run once more, in the sandbox, with the same inputs for everybody: `answers`.
Two of them belong together in a check where all that they answered, raised and wrote to is the same, by the very comparison
that names a misconception (diagnose.same_step: within a tolerance, so a hash would not do): `clusters_of`.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from ..course import Course, Exercise
from ..diagnose import same_step
from ..draw import keyed_seed
from ..grade import BACKSTOP, Marking, new_candidate, run_checks
from ..result import Verdict
from ..run import Run, fresh_reference
from ..sandbox.connection import Connection
from ..subject import Step
from ..submission import Submission

TOGETHER = 8  # submissions that share a pytest session
MAX_LINES = 120  # of an example


@dataclass(frozen=True)
class Answer:
    """What a submission answered in a check that it does not pass, and the sentence on the first difference."""

    steps: list[Step]
    message: str


@dataclass(frozen=True)
class Cluster:
    """Students whose answers in these checks are the same wrong ones.

    checks: check -> what the first difference is. function: what the check had asked when it went wrong. example: the shortest
    of their sources, from that function's definition on, or whole where it has none. author: who wrote the example.
    """

    students: tuple[str, ...]
    checks: dict[str, str]
    function: str
    author: str
    example: str

    @property
    def alone(self) -> bool:
        return len(self.students) == 1


def find_clusters(
    course: Course,
    exercise: Exercise,
    submissions: Sequence[Submission],
    unnamed: Iterable[tuple[str, str]],
    server: Connection | None,
    secret: bytes,
) -> list[Cluster]:
    """unnamed: (student, check) of the records; the submissions are these students'. Without a server: trusted sources only."""
    wanted: defaultdict[str, set[str]] = defaultdict(set)
    for student, check in unnamed:
        wanted[student].add(check)
    same: defaultdict[str, list[Submission]] = defaultdict(list)
    for submission in submissions:
        if submission.source is not None and submission.student in wanted:
            same[submission.sha256].append(submission)  # copies answer alike: one of them runs
    if not same:
        return []

    def found() -> Iterator[tuple[str, str, Answer]]:
        firsts = [copies[0] for copies in same.values()]
        marking = Marking(exercise)
        step = 1 if exercise.training else TOGETHER
        for start in range(0, len(firsts), step):
            chunk = firsts[start : start + step]
            for submission, given in zip(chunk, answers(course, exercise, chunk, server, secret, marking), strict=True):
                for copy in same[submission.sha256]:
                    yield from ((copy.student, check, given[check]) for check in wanted[copy.student] & given.keys())

    return clusters_of(found(), {submission.student: submission.source or "" for submission in submissions})


def answers(
    course: Course,
    exercise: Exercise,
    submissions: Sequence[Submission],
    server: Connection | None,
    secret: bytes,
    marking: Marking,
) -> list[dict[str, Answer]]:
    """For each submission: check -> its answer on the common inputs, for the checks that it gets wrong there."""

    def common_seed(check: str) -> int:
        return keyed_seed(secret, course.id, "clusters", exercise.name, check)

    candidates = [new_candidate(exercise, submission, server, common_seed) for submission in submissions]
    run = Run(exercise.filename, candidates, fresh_reference(marking.reference), keep_transcripts=True)
    try:
        run_checks(run, exercise.hidden_path, BACKSTOP * exercise.limits.total_wall_s)
    finally:
        for candidate in candidates:
            candidate.close()
    return [
        {
            result.name: Answer(steps, result.message)
            for result in candidate.results
            if result.verdict in (Verdict.FAILED, Verdict.ERROR) and (steps := candidate.transcripts[result.name])
        }
        for candidate in candidates
    ]


def clusters_of(found: Iterable[tuple[str, str, Answer]], sources: Mapping[str, str]) -> list[Cluster]:
    """found: (student, check, answer), each once. One cluster for each set of students; the largest first.

    Of answers that are the same, one is kept: memory grows with the mistakes, not with the students.
    """
    groups: defaultdict[str, list[tuple[Answer, list[str]]]] = defaultdict(list)
    for student, check, answer in found:
        for first, students in groups[check]:
            if same_answer(first, answer):
                students.append(student)
                break
        else:
            groups[check].append((answer, [student]))
    together: defaultdict[tuple[str, ...], dict[str, Answer]] = defaultdict(dict)
    for check in sorted(groups):
        for answer, students in groups[check]:
            together[tuple(sorted(students))][check] = answer
    clusters = [_cluster(students, checks, sources) for students, checks in together.items()]
    return sorted(clusters, key=lambda cluster: (-len(cluster.students), -len(cluster.checks), cluster.students))


def same_answer(a: Answer, b: Answer) -> bool:
    return len(a.steps) == len(b.steps) and all(map(same_step, a.steps, b.steps))


def _cluster(students: tuple[str, ...], checks: dict[str, Answer], sources: Mapping[str, str]) -> Cluster:
    function = next(iter(checks.values())).steps[-1].name
    examples = {student: _definition(sources[student], function) for student in students}
    author = min(students, key=lambda student: (len(examples[student]), student))
    messages = {check: answer.message for check, answer in checks.items()}
    return Cluster(students, messages, function, author, examples[author])


def _definition(source: str, function: str) -> str:
    """The lines of a definition, the last of its name; by their look, for what a student wrote is not parsed here."""
    # "softmax"; a module's method, "Net.loss", is in its class; a companion's function, "gru.gru_cell", goes by its own name.
    owner, _, own = function.rpartition(".")
    name = re.escape(owner if owner[:1].isupper() else own)
    starts = list(re.finditer(rf"^(?:def|class)\s+{name}\b", source, re.M))
    lines = (source[starts[-1].start() :] if starts else source).splitlines()
    if starts:
        # It ends where a line begins at the margin again; the closing bracket of its signature does so too.
        ends = (n for n, line in enumerate(lines[1:], 1) if line[:1].strip() and line[0] not in ")]}#")
        lines = lines[: next(ends, len(lines))]
    text = "\n".join(lines[:MAX_LINES]).rstrip()
    return text if len(lines) <= MAX_LINES else text + "\n…"
