"""What is generated from the reference: the stubs, the recorded answers to the visible checks, the guides' pictures."""

from dataclasses import dataclass
from pathlib import Path

from .course import Exercise
from .diagnose import same_step
from .direct import visible_seed
from .errors import GraderFault, Unusable
from .grade import run_checks
from .pictures import pictures_out_of_step, write_pictures
from .recording import Hint, Recording, load_recording
from .result import CheckResult, Verdict
from .run import Candidate, Run, fresh_reference
from .subject import load_exercise

BEGIN, END = "# BEGIN SOLUTION", "# END SOLUTION"
TIMEOUT = 120.0


@dataclass
class Generated:
    """An exercise's stub and recording, as they should be."""

    stub: str
    recording: Recording


def generate(exercise: Exercise) -> Generated:
    return Generated(make_stub(exercise.reference_source, exercise.name), record(exercise))


def write(exercise: Exercise, generated: Generated) -> None:
    exercise.stub_path.write_text(generated.stub, encoding="utf-8")
    generated.recording.save(exercise.recording_path)
    write_pictures(exercise)


def out_of_step(exercise: Exercise, generated: Generated) -> list[str]:
    """What on disk is not what the reference gives, as sentences."""
    problems = pictures_out_of_step(exercise)
    stub = exercise.stub_path.read_text(encoding="utf-8") if exercise.stub_path.exists() else None
    if stub != generated.stub:
        problems.append(
            f"exercises/{exercise.filename} is not the stub of its reference: run `grader sync {exercise.name}`"
        )
    try:
        stored = load_recording(exercise.recording_path)
    except GraderFault as error:
        return [*problems, str(error)]
    if not _same_recording(stored, generated.recording):
        problems.append(f"the recorded answers of {exercise.name} are out of step: run `grader sync {exercise.name}`")
    return problems


def make_stub(source: str, name: str) -> str:
    """The reference with each solution block turned into a TODO. Raises GraderFault for unpaired markers."""
    lines: list[str] = []
    inside = False
    for number, line in enumerate(source.splitlines(), 1):
        text = line.strip()
        if text == BEGIN and not inside:
            inside = True
            indent = line[: len(line) - len(line.lstrip())]
            lines += [f"{indent}# TODO: your code here", f"{indent}raise NotImplementedError"]
        elif text == END and inside:
            inside = False
        elif text in (BEGIN, END):
            raise GraderFault(f"solutions/{name}.py, line {number}: {text} without its pair")
        elif not inside:
            lines.append(line)
    if inside:
        raise GraderFault(f"solutions/{name}.py: a {BEGIN} without its {END}")
    return "\n".join(lines) + "\n"


def record(exercise: Exercise) -> Recording:
    """Run the visible checks on the reference and on every misconception, and keep what they answered."""
    names = [variant.id for variant in exercise.misconceptions]
    sources = [exercise.reference_source, *(variant.source for variant in exercise.misconceptions)]
    candidates = [
        Candidate(load_exercise(exercise, source), lambda check: visible_seed(exercise.name, check))
        for source in sources
    ]
    reference = load_exercise(exercise)
    run = Run(exercise.filename, candidates, fresh_reference(reference), keep_transcripts=True)
    run_checks(run, exercise.visible_path, TIMEOUT)
    _refuse_failures(candidates[0], "visible", exercise)
    recording = Recording(reference=candidates[0].reference_transcripts)
    for id, candidate in zip(names, candidates[1:], strict=True):
        for result in candidate.results:
            if result.verdict in (Verdict.FAILED, Verdict.ERROR) and candidate.transcripts[result.name]:
                recording.misconceptions.setdefault(result.name, {})[id] = candidate.transcripts[result.name]
    recording.hints = {variant.id: Hint(variant.en, variant.ko) for variant in exercise.misconceptions}
    hidden = list_checks(exercise, exercise.hidden_path)
    recording.hidden_checks, recording.hidden_points = len(hidden), sum(result.max_points for result in hidden)
    return recording


def list_checks(exercise: Exercise, test_file: Path) -> list[CheckResult]:
    """The checks of a file: their names, titles and points. Nobody's file goes through them, so that nothing is run."""
    nobody = Candidate(None, lambda check: 0, Unusable("missing", ""))
    run_checks(Run(exercise.filename, [nobody], lambda check: nobody), test_file, TIMEOUT)
    return nobody.results


def _refuse_failures(candidate: Candidate, kind: str, exercise: Exercise) -> None:
    failed = [f"{result.name}: {result.message}" for result in candidate.results if result.verdict != Verdict.PASSED]
    if failed:
        raise GraderFault(f"the reference of {exercise.name} fails its own {kind} checks: {'; '.join(failed)}")


def _same_recording(a: Recording, b: Recording) -> bool:
    """The same up to the last bits of floating point, which differ between machines."""
    if (a.hints, a.hidden_checks, a.hidden_points) != (b.hints, b.hidden_checks, b.hidden_points):
        return False
    first = {("", check): steps for check, steps in a.reference.items()}
    second = {("", check): steps for check, steps in b.reference.items()}
    first |= {(id, check): steps for check, by_id in a.misconceptions.items() for id, steps in by_id.items()}
    second |= {(id, check): steps for check, by_id in b.misconceptions.items() for id, steps in by_id.items()}
    return first.keys() == second.keys() and all(
        len(steps) == len(second[key]) and all(map(same_step, steps, second[key])) for key, steps in first.items()
    )
