"""Are the kinds of input that `grader draw` shows complete, and does the reference answer them?"""

import ast

from .course import Exercise
from .errors import GraderFault, Raised, UserError
from .inputs import Given, draw_inputs, load_inputs
from .run import Candidate
from .subject import load_exercise
from .sync import make_stub
from .trial import Trial, trials

SEED = "0"


def to_be_written(exercise: Exercise) -> list[str]:
    """The public functions and classes that the stub leaves to the student, in its order."""
    stub = ast.parse(make_stub(exercise.reference_source, exercise.name))
    return [
        node.name
        for node in stub.body
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and not node.name.startswith("_") and _is_todo(node)
    ]


def _is_todo(node: ast.AST) -> bool:
    return any(
        isinstance(part, ast.Raise) and isinstance(part.exc, ast.Name) and part.exc.id == "NotImplementedError"
        for part in ast.walk(node)
    )


def input_problems(exercise: Exercise) -> list[str]:
    """What is wrong with exercises/inputs/EXERCISE.py, as sentences."""
    try:
        drawn = _drawn(exercise)
    except (UserError, GraderFault) as error:
        return [f"{exercise.name}: {error}"]
    candidate = Candidate(load_exercise(exercise), lambda check: 0)
    functions = {function for function, _ in drawn}
    problems = [
        f"exercises/inputs/{exercise.filename} has no kind of input for {name}"
        for name in to_be_written(exercise)
        if name not in functions and not exercise.training  # a training's data are no input to read
    ]
    problems += [problem for trial in trials(exercise, candidate, drawn, SEED) for problem in _problems_of(trial)]
    seen: set[tuple[str, str]] = set()
    for function, given in drawn:
        if (function, given.kind.id) in seen:
            problems.append(f"{function} · {given.kind.id}: the kind is used twice")
        seen.add((function, given.kind.id))
    return [f"{exercise.name}: {problem}" if not problem.startswith("exercises/") else problem for problem in problems]


def draw_commands(exercise: Exercise) -> set[str]:
    """Every command that a failed check may name."""
    try:
        drawn = _drawn(exercise)
    except (UserError, GraderFault):
        return set()
    plain = {f"grader draw {exercise.name} {function}" for function, _ in drawn}
    return plain | {f"grader draw {exercise.name} {function} --kind {given.kind.id}" for function, given in drawn}


def _drawn(exercise: Exercise) -> list[tuple[str, Given]]:
    inputs = load_inputs(exercise.inputs_path)
    return [(name, given) for name in inputs for given in draw_inputs(inputs[name], exercise.name, SEED)]


def _problems_of(trial: Trial) -> list[str]:
    kind, place = trial.given.kind, f"{trial.function} · {trial.given.kind.id}"
    problems = [] if kind.en and kind.ko else [f"{place}: the kind lacks its text in English or Korean"]
    if kind.raises is None and trial.fault is not None:
        problems.append(f"{place}: the reference does not answer ({trial.fault})")
    if kind.raises is not None and not (
        isinstance(trial.fault, Raised) and kind.raises.__name__ in trial.fault.fault.types
    ):
        problems.append(f"{place}: the reference does not raise {kind.raises.__name__}")
    return problems
