"""Every attack gets the verdict and the points that it deserves, learns nothing, leaves nothing, and changes nobody else's grade.

Attacks are graded in crowds, as a batch grades a chunk: several of them between honest submissions. A family with a file
of its own, test_FAMILY.py, runs there and the others in test_hostile.py, so that several processes share them. All run as
the user who runs the tests; where that is root, a share of them runs once more as an ordinary user, and in the sandbox
"user" (test_once_more.py).
"""

import dataclasses
import functools
import json
import os
import secrets
import shutil
import sys
import tempfile
import time
from pathlib import Path

import pytest

from grader import grade as grading
from grader.course import load_course
from grader.errors import SandboxUnavailable
from grader.record import Settings
from grader.result import Verdict
from grader.run import MAX_MESSAGE
from grader.sandbox.launch import ForkServer
from grader.sandbox.limits import Limits
from grader.submission import Submission
from grader.text import plain
from grader.variants import load_variants

FOLDER = Path(__file__).resolve().parent
PROJECT = FOLDER.parent.parent
FAMILIES = {
    "forging": "attention",
    "answers": "attention",
    "stealing": "attention",
    "exhausting": "attention",
    "escaping": "attention",
    "arrays": "dot",
    "modules": "multihead",
}
# The limits are the course's in kind; smaller, so that what never ends does so soon.
LIMITS = Limits(
    check_cpu_s=0.6,
    check_wall_s=4.0,
    total_cpu_s=6,
    total_wall_s=24,
    memory_mb=256,
    scratch_mb=4,
    output_kb=8,
    answer_mb=4,
)
CROWD = 8
# What the modules that break later do rightly before that.
RIGHT_BEFORE = {
    "hostile-forward-exits": {"test_parameters", "test_module_refuses_uneven"},
    "hostile-keeps-its-weights": {"test_parameters", "test_module_refuses_uneven"},
    "hostile-module-of-hooks": {"test_parameters", "test_module_refuses_uneven"},
}
SANDBOX = os.environ.get("HOSTILE_SANDBOX", "bwrap")
# What is deserved in the sandbox "user", which holds less (docs/security.md): these attacks find what every user may read,
# and return something else than an answer, or go on. None of it is the course's, else a canary would show.
DESERVED_BY_A_USER = {
    "hostile-steals-hidden-tests": "failed or timeout or error",
    "hostile-imports-the-grader": "failed",
    "hostile-reads-proc": "failed",
    "hostile-reads-sys-and-dev": "failed",
    "hostile-neighbours-files": "failed",
    "hostile-kills-neighbours": "timeout",  # it stops itself: the first process of a namespace cannot
    "hostile-stops-itself": "timeout",
    "hostile-links-out": "passed",
    "hostile-types-into-a-terminal": "passed",  # a new one, which nobody looks at
    "hostile-hidden-memory": "failed",  # not in memory, but in files: each is bounded, their number is not
    "hostile-many-files": "failed or timeout",
    "hostile-deep-folders": "failed",
}
RUN_EVERY = int(os.environ.get("HOSTILE_RUN_EVERY", "1"))


def exercise_of(course, name):
    return dataclasses.replace(course.exercise(name), limits=LIMITS)


def load_attacks():
    """(family, attack) in the order of the files; the same share of each family where only a share is to run."""
    course = load_course(PROJECT / "exercises" / "course.toml")
    found = []
    for family, exercise in FAMILIES.items():
        variants = load_variants(FOLDER / f"{family}.py", course.exercise(exercise).reference_source)
        found += [(family, as_deserved(attack)) for attack in variants[::RUN_EVERY]]
    return found


def as_deserved(attack):
    if SANDBOX != "user":
        return attack
    return dataclasses.replace(attack, verdict=DESERVED_BY_A_USER.get(attack.id, attack.verdict))


ATTACKS = load_attacks()


def attacks_of(file):
    """(family, attack) of those that run in this file of tests."""
    with_a_file = {family for family in FAMILIES if (FOLDER / f"test_{family}.py").exists()}
    here = {file.stem.removeprefix("test_")} & with_a_file or FAMILIES.keys() - with_a_file
    return [(family, attack) for family, attack in ATTACKS if family in here]


def pytest_generate_tests(metafunc):
    if "attack" in metafunc.fixturenames:
        attacks = attacks_of(Path(metafunc.module.__file__))
        metafunc.parametrize("family, attack", attacks, ids=[f"{family}-{attack.id}" for family, attack in attacks])


def pytest_collection_modifyitems(items):
    for item in items:
        if item.path.parent == FOLDER:
            item.add_marker(pytest.mark.skipif(sys.platform != "linux", reason="the sandbox is Linux's"))


@pytest.fixture(scope="session")
def attacks():
    """(family, attack) of all files."""
    return ATTACKS


@dataclasses.dataclass
class Stage:
    """A course with canaries, a warm fork server, the file's attacks, and what was graded so far."""

    attacks: list
    course: object
    server: ForkServer
    settings: Settings
    canaries: dict
    backends: list
    folders: list
    graded: dict = dataclasses.field(default_factory=dict)

    def grade(self, exercise, sources):
        """Several submissions in one session, as in a batch."""
        submissions = [Submission(student, exercise.name, source) for student, source in sources.items()]
        return dict(
            zip(sources, grading.grade(self.course, exercise, submissions, self.settings, self.server), strict=True)
        )


@pytest.fixture(scope="module")
def stage(request, tmp_path_factory):
    """Canaries stand in the environment, in files of the grader's folder, in the secret, in hidden checks and, see
    `honest`, in other submissions."""
    canaries = {
        place: f"CANARY-{secrets.token_hex(8)}" for place in ("environment", "file", "secret", "check", "neighbour")
    }
    root = tmp_path_factory.mktemp("course")
    for name in ("exercises", "solutions", "tests/hidden"):
        shutil.copytree(PROJECT / name, root / name, ignore=shutil.ignore_patterns("__pycache__"))
    for path in (root / "tests" / "hidden").glob("test_*.py"):
        path.write_text(f"{path.read_text(encoding='utf-8')}\nLOOT = {canaries['check']!r}\n", encoding="utf-8")
    (root / "grades.txt").write_text(canaries["file"])
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HOSTILE_LOOT", canaries["environment"])
        patch.chdir(tmp_path_factory.mktemp("empty"))
        scratch = workers_folder(request)
        patch.setattr(tempfile, "tempdir", str(scratch))
        backends = []

        def remembered(*arguments):
            backends.append(new_backend(*arguments))
            return backends[-1]

        new_backend = grading.Sandboxed
        patch.setattr(grading, "Sandboxed", remembered)
        try:
            server = ForkServer(SANDBOX)
        except SandboxUnavailable as error:
            pytest.skip(f"no sandbox on this machine: {error}")
        course = load_course(root / "exercises" / "course.toml")
        settings = Settings(secret=canaries["secret"].encode())
        with server:
            attacks = attacks_of(request.path)
            yield Stage(attacks, course, server, settings, canaries, backends, [Path.cwd(), *scratch.iterdir()])


def workers_folder(request):
    """A folder for temporary files that other users may pass through: in the sandbox "user" each worker gets one in it."""
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o711)
    request.addfinalizer(lambda: shutil.rmtree(folder))
    return folder


def honest(stage, exercise):
    """Submissions of three kinds, each with a secret of its own."""
    sources = {
        "reference": exercise.reference_source,
        "alternative": exercise.alternatives[0].source,
        "misconception": exercise.misconceptions[0].source,
    }
    return {student: f"{source}\nLOOT = {stage.canaries['neighbour']!r}\n" for student, source in sources.items()}


def facts(graded):
    """All of a grade but the seconds that it took."""
    return [
        {name: value for name, value in check.to_record().items() if name != "seconds"} for check in graded.checks
    ] + [graded.output]


@pytest.fixture(scope="module")
def alone(stage):
    """alone(exercise): the honest ones' facts, each graded without any neighbour."""

    @functools.cache
    def of(name):
        exercise = exercise_of(stage.course, name)
        sources = honest(stage, exercise)
        return {
            student: facts(stage.grade(exercise, {student: source})[student]) for student, source in sources.items()
        }

    return of


@pytest.fixture(scope="module")
def callers(stage):
    """callers(exercise, function): the checks that call it, and those of them that are not run once another one failed."""

    @functools.cache
    def of(name, function):
        exercise = exercise_of(stage.course, name)
        source = (
            f"{exercise.reference_source}\n\ndef {function}(*args, **kwargs):\n    raise ArithmeticError('called')\n"
        )
        checks = stage.grade(exercise, {"probe": source})["probe"].checks
        called = {check.name for check in checks if check.verdict == Verdict.ERROR}
        assert called
        return called, {check.name for check in checks if check.verdict == Verdict.FAILED}

    return of


def processes():
    """The live processes that descend from this one, by pid."""
    parents = {}
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            try:
                fields = Path(f"/proc/{entry}/stat").read_text(errors="replace").rpartition(")")[2].split()
            except OSError:
                continue
            if fields[0] != "Z":
                parents[int(entry)] = int(fields[1])
    found = {os.getpid()}
    while more := {pid for pid, parent in parents.items() if parent in found} - found:
        found |= more
    return found


def settle(before, folders):
    """The processes and files that are left once those that were killed a moment ago have been cleared away."""
    deadline = time.monotonic() + 20
    while True:
        left = processes() - before, [path for folder in folders for path in folder.iterdir()]
        if not any(left) or time.monotonic() > deadline:
            return left
        time.sleep(0.02)


@dataclasses.dataclass
class Crowd:
    """One session: attackers by their attack's id, honest ones by their kind; what the grader counted; what was left."""

    grades: dict
    usage: dict
    processes_left: set
    files_left: list


def crowd_of(stage, exercise, attack):
    """The session that an attack was graded in, graded once for all of its attacks."""
    attacks = [other for family, other in stage.attacks if FAMILIES[family] == exercise.name]
    place = attacks.index(attack) // CROWD * CROWD
    key = (exercise.name, place)
    if key not in stage.graded:
        before = processes()
        sources = dict(honest(stage, exercise))
        members = ["reference", *(other.id for other in attacks[place : place + CROWD])]
        members[3:3] = ["alternative"]
        members.append("misconception")
        sources |= {other.id: other.source for other in attacks[place : place + CROWD]}
        stage.backends.clear()
        grades = stage.grade(exercise, {student: sources[student] for student in members})
        usage = {student: backend.usage for student, backend in zip(members, stage.backends, strict=True)}
        stage.graded[key] = Crowd(grades, usage, *settle(before, stage.folders))
    return stage.graded[key]


def assert_deserved(exercise, attack, graded, called, needing):
    """A check that calls what was attacked pays nothing, and says why; all others pay as if nothing had happened."""
    in_order = [check.verdict for check in graded.checks if check.name in called]
    passed = {check.name for check in graded.checks if check.verdict == Verdict.PASSED}
    everything = {check.name for check in graded.checks}
    deserved = attack.verdict.split(" or ")
    assert in_order[0] in deserved, [(check.name, check.verdict, check.message) for check in graded.checks]
    assert graded.points == sum(check.max_points for check in graded.checks if check.name in passed)
    if attack.breaks == "everything":
        assert {check.verdict for check in graded.checks} == {attack.verdict}
        return
    if attack.breaks == "the rest":
        first = next(place for place, check in enumerate(graded.checks) if check.name in called)
        assert passed >= {check.name for check in graded.checks[:first]}
        assert passed <= everything - called - needing | RIGHT_BEFORE.get(attack.id, set())
        return
    if attack.verdict == "passed":
        assert passed == everything
        return
    assert passed == everything - called - needing
    # A function that timed out twice is not asked again, or has used up what all checks together have;
    # what is no tensor cannot be differentiated.
    assert set(in_order) <= {*deserved, "timeout", *(["error"] if "failed" in deserved else [])}
    if "timeout" not in deserved:
        late = [check.message for check in graded.checks if check.name in called and check.verdict == "timeout"]
        assert all("together used up" in message for message in late)


def assert_harmless_text(graded):
    for check in graded.checks:
        assert len(check.message) <= MAX_MESSAGE
        assert plain(check.message) == check.message
        assert bool(check.message) == (check.verdict != Verdict.PASSED)
    assert len(graded.output) <= LIMITS.output_kb * 1024


@pytest.fixture
def assert_held(stage, alone, callers):
    """assert_held(family, attack): that nobody but the attacker has anything of the attack."""

    def check(family, attack):
        exercise = exercise_of(stage.course, FAMILIES[family])
        crowd = crowd_of(stage, exercise, attack)
        mallory = crowd.grades[attack.id]

        assert_deserved(exercise, attack, mallory, *callers(exercise.name, attack.replaces[0]))
        assert not mallory.needs_review
        assert_harmless_text(mallory)
        record = json.dumps(mallory.to_record(), ensure_ascii=False, allow_nan=False)
        assert record.encode("utf-8")  # no halves of surrogate pairs: databases and files refuse them
        assert [place for place, canary in stage.canaries.items() if canary in record] == []

        usage = crowd.usage[attack.id]
        assert usage.cpu_s <= LIMITS.total_cpu_s + 2
        assert usage.wall_s <= LIMITS.total_wall_s + 10  # a machine may stand still for seconds

        for student, expected in alone(exercise.name).items():
            assert facts(crowd.grades[student]) == expected, student
        assert crowd.processes_left == set()
        assert crowd.files_left == []

    return check
