"""Grade one unit again as its record says, and tell whether the same record comes out. The instructor's alone."""

from contextlib import nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from . import i18n
from .compare import difference
from .course import Course, Exercise
from .errors import StudentFault, UserError
from .grade import finish, new_run
from .i18n import _
from .intake.collect import collect
from .record import Settings, versions
from .result import CheckResult
from .run import Run
from .sandbox.inside.session import Outcome
from .sandbox.launch import ForkServer
from .speed.bench import Bench
from .speed.device import UNTIMED, of_kind
from .store import Store, key_of
from .subject import Backend, own_request
from .submission import Submission, submission_of

UNCOMPARED = {"seconds", "speed", "speed_ratio"}  # measured: never twice the same


@dataclass
class Asked:
    """One request of a check, with its arguments as they were, and what came of it."""

    verb: str
    name: str
    request: dict[str, Any]
    outcome: Outcome | None = None
    fault: StudentFault | None = None


@dataclass
class Witness:
    """A backend that keeps what is asked of it."""

    backend: Backend
    asked: list[Asked] = field(default_factory=list)

    def perform(self, verb: str, name: str, request: dict[str, Any]) -> Outcome:
        asked = Asked(verb, name, own_request(request))
        self.asked.append(asked)
        try:
            asked.outcome = self.backend.perform(verb, name, request)
        except StudentFault as fault:
            asked.fault = fault
            raise
        return asked.outcome

    def take(self) -> list[Asked]:
        """What was asked since the last time."""
        taken, self.asked = self.asked, []
        return taken

    def __getattr__(self, name: str) -> Any:
        return getattr(self.backend, name)  # what only some backends have: output, import_fault, begin_check, close


@dataclass
class Seen:
    """What one check asked of the student and of the reference."""

    result: CheckResult
    student: list[Asked]
    reference: list[Asked]

    def expected(self, asked: Asked) -> Asked | None:
        """The reference's turn with the very same request, if the check took one."""
        return next((other for other in self.reference if _same_request(asked, other)), None)


@dataclass
class Reproduction:
    """The stored record, the new one, why they may differ (facts), and where they do (paths of fields)."""

    stored: dict[str, Any]
    again: dict[str, Any]
    reasons: list[str]
    differences: list[str]
    seen: list[Seen]

    @property
    def is_same(self) -> bool:
        return not self.reasons and not self.differences


def reproduce(
    course: Course,
    exercise: Exercise,
    student: str,
    store: Store,
    submissions: Path,
    secret: bytes,
    layout: str | None = None,
    roster: Path | None = None,
) -> Reproduction:
    """Grade a stored unit again. Raises UserError where there is no such record or no such folder."""
    key, stored = store.latest(student, exercise.name)
    settings = Settings(stored["seed"], secret, stored["sandbox"], of_kind(stored["device"]))
    is_timed = settings.device != UNTIMED
    timing = Bench(settings.device, settings.sandbox) if is_timed else nullcontext()
    with i18n.speaking(stored["language"]), ForkServer(settings.sandbox) as server, timing as bench:
        submission = _handed_in(student, exercise, submissions, layout, roster)
        run = new_run(course, exercise, [submission], settings, server, bench=bench)
        seen = _watch(run)
        again = finish(run, course, exercise, [submission], settings)[0].to_record()
    same_source = stored["source_sha256"] == again["source_sha256"]
    # A record's notes may hold more than those on the file that its key was made of.
    facts = {**stored, "notes": submission.notes if same_source else stored["notes"]}
    grader = stored.get("versions", versions())["grader"]
    has_same_secret = key == key_of(facts, grader, course.id, secret)
    reasons = _reasons(stored, again, has_same_secret)
    return Reproduction(stored, again, reasons, differing_fields(stored, again), seen)


def _watch(run: Run) -> list[Seen]:
    """What each check of a run of one candidate asks, filled in as the run goes on."""
    (candidate,) = run.candidates
    student = Witness(candidate.backend) if candidate.backend is not None else None
    candidate.backend = student
    reference, turns = run.reference, list[Witness]()
    seen: list[Seen] = []

    def witnessed(check: str) -> Backend:
        turns.append(Witness(reference(check)))
        return turns[-1]

    def keep(result: CheckResult) -> None:
        """The first turn is the check's own; those after it belong to the diagnosis."""
        seen.append(Seen(result, student.take() if student else [], turns[0].take() if turns else []))
        turns.clear()

    run.reference, run.on_result = witnessed, keep
    return seen


def _same_request(a: Asked, b: Asked) -> bool:
    """Up to the number of the module, which each side counts for itself."""
    first, second = ({k: v for k, v in asked.request.items() if k != "module"} for asked in (a, b))
    return (a.verb, a.name) == (b.verb, b.name) and difference(first, second) is None


def differing_fields(stored: Any, again: Any, path: str = "") -> list[str]:
    """Where two records differ, but for what is measured; a field that the stored one does not have yet is no difference."""
    if isinstance(stored, dict) and isinstance(again, dict):
        told = {"message"} if stored.get("speed") else set()  # the message on a speed tells what was measured
        names = [name for name in stored if name not in UNCOMPARED | told]
        parts = (differing_fields(stored[name], again.get(name), f"{path}.{name}".lstrip(".")) for name in names)
        return [found for part in parts for found in part]
    if isinstance(stored, list) and isinstance(again, list) and len(stored) == len(again):
        parts = (
            differing_fields(a, b, f"{path}[{_label(a, n)}]")
            for n, (a, b) in enumerate(zip(stored, again, strict=True))
        )
        return [found for part in parts for found in part]
    return [] if stored == again else [path]


def _label(item: Any, position: int) -> str:
    return str(item["name"]) if isinstance(item, dict) and "name" in item else str(position)


def _handed_in(
    student: str, exercise: Exercise, submissions: Path, layout: str | None, roster: Path | None
) -> Submission:
    """What lies in the graded folder or download for this student."""
    with collect(submissions, layout, roster) as collected:
        for one in collected.students:
            if one.name == student:
                return submission_of(one, exercise)
    raise UserError(f"{submissions} holds nothing of {student}; give what was graded with --submissions.")


def _reasons(stored: dict[str, Any], again: dict[str, Any], has_same_secret: bool) -> list[str]:
    """What is not as it was when the record was made, as sentences."""
    reasons = []
    if stored["source_sha256"] != again["source_sha256"]:
        reasons.append(_("The student's file is not the one that was graded."))
    if stored["course_version"] != again["course_version"]:
        message = _("The exercise has changed: the record is of course version {was}, this is {now}.")
        reasons.append(message.format(was=stored["course_version"], now=again["course_version"]))
    for name, was in stored.get("versions", {}).items():
        now = again["versions"].get(name)
        if now != was:
            message = _("The record was made with {name} {was}, this is {name} {now}.")
            reasons.append(message.format(name=name, was=was, now=now))
    if not has_same_secret:
        reasons.append(
            _("Its hidden inputs came from another secret: put the secret of that time into DOT2VIT_SECRET.")
        )
    return reasons
