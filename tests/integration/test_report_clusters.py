"""Clusters find every planted mistake, whoever wrote it, in the sandbox and on the checks of the course."""

from pathlib import Path

import pytest

from grader.course import load_course
from grader.grade import grade
from grader.record import Settings
from grader.report.clusters import find_clusters
from grader.report.tally import findings_of
from grader.sandbox.launch import ForkServer
from grader.submission import Submission
from grader.variants import load_variants

PROJECT = Path(__file__).parent.parent.parent
COURSE = load_course(PROJECT / "exercises" / "course.toml")
PLANTED = PROJECT / "tests" / "planted"
SECRET = b"secret"


def planted(exercise):
    """One student a writing, named by it: MISTAKE/NUMBER; and one who has it right."""
    variants = load_variants(PLANTED / exercise.filename, exercise.reference_source)
    wrong = [Submission(variant.id, exercise.name, variant.source) for variant in variants]
    return [*wrong, Submission("right", exercise.name, exercise.reference_source)]


@pytest.fixture(scope="module")
def server(require_sandbox):
    with ForkServer("bwrap") as server:
        yield server


def test_at_least_ten_mistakes_are_planted_each_by_two_students():
    written = [
        submission.student for path in PLANTED.glob("*.py") for submission in planted(COURSE.exercise(path.stem))
    ]
    mistakes = {name.partition("/")[0] for name in written if name != "right"}
    assert len(mistakes) >= 10
    assert all(sum(name.startswith(f"{mistake}/") for name in written) >= 2 for mistake in mistakes)


@pytest.mark.parametrize("name", sorted(path.stem for path in PLANTED.glob("*.py")))
def test_every_planted_mistake_is_a_cluster_of_just_its_students(name, server):
    exercise = COURSE.exercise(name)
    submissions = planted(exercise)
    grades = []
    for start in range(0, len(submissions), 8):
        grades += grade(COURSE, exercise, submissions[start : start + 8], Settings(secret=SECRET), server)
    found = findings_of(exercise, [one.to_record() for one in grades])
    wrong = {submission.student for submission in submissions} - {"right"}
    assert {student for student, _check in found.unnamed} == wrong, "planted mistakes must have no name"

    clusters = find_clusters(COURSE, exercise, submissions, found.unnamed, server, SECRET)
    expected = {}
    for student in sorted(wrong):
        expected.setdefault(student.partition("/")[0], []).append(student)
    sets = {cluster.students: cluster for cluster in clusters}
    for mistake, students in expected.items():
        assert tuple(students) in sets, f"{mistake}: {[cluster.students for cluster in clusters]}"
        cluster = sets[tuple(students)]
        assert cluster.author in students and cluster.example.startswith("def ")
        assert all(cluster.checks.values())
