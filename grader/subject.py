"""What a check calls `student` and `reference`: the same interface over a sandboxed worker, a module in this process,
or a recording.

Each call becomes a request to a backend, and its outcome is kept in a transcript: the transcript of a failed check is
what names a misconception.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol

from .course import Exercise
from .errors import GraderFault, Raised
from .sandbox.inside.protocol import ModuleRef
from .sandbox.inside.session import Outcome, Session, own_copy, snapshot


@dataclass(frozen=True)
class Step:
    """One request of a check and what came of it."""

    verb: str
    name: str
    outcome: Outcome


class Backend(Protocol):
    """Something that carries out requests on one submission."""

    def perform(self, verb: str, name: str, request: dict[str, Any]) -> Outcome: ...


@dataclass
class Subject:
    """A submission as a check sees it: `subject.softmax(x, 1)`, `subject.gradient("softmax", x, 1, wrt=[0])`."""

    _backend: Backend
    transcript: list[Step] = field(default_factory=list)
    _asked: str = ""

    def __getattr__(self, name: str) -> Callable[..., Any]:
        if name.startswith("_"):
            raise AttributeError(name)

        def call(*args: Any, **kwargs: Any) -> Any:
            return self._perform("call", name, {"name": name, "args": args, "kwargs": kwargs})

        call.__name__ = name
        return call

    def file(self, name: str) -> "File":
        """Another file of the submission, one that its exercise `uses`: `student.file("gru").gru_cell(…)`."""
        return File(self, name)

    def gradient(
        self, name: str, *args: Any, wrt: list[Any], cotangents: list[Any] | None = None, **kwargs: Any
    ) -> tuple[Any, ...]:
        """Gradients of the sum of cotangent·output by the arguments at the positions `wrt`; zeros where unused."""
        request = {"name": name, "args": args, "kwargs": kwargs, "wrt": wrt, "cotangents": cotangents}
        gradients: tuple[Any, ...] = self._perform("gradient", name, request)
        return gradients

    def _perform(self, verb: str, name: str, request: dict[str, Any]) -> Any:
        self._asked = name.removesuffix(f".{request['method']}") if verb == "module_method" else name
        outcome = self._backend.perform(verb, name, _refer_to_modules(request))
        self.transcript.append(Step(verb, name, outcome))
        if outcome.fault is not None:
            raise Raised(outcome.fault, call=name)
        if isinstance(outcome.value, ModuleRef):
            return Module(self, outcome.value, name)
        return outcome.value


@dataclass
class File:
    """A companion file of a submission, with the calls of a Subject."""

    _subject: Subject
    _name: str

    def __getattr__(self, name: str) -> Callable[..., Any]:
        if name.startswith("_"):
            raise AttributeError(name)
        call: Callable[..., Any] = getattr(self._subject, f"{self._name}.{name}")
        return call


def last_asked(subject: Subject) -> str:
    """The function or class that was asked last, also when it gave no answer; "" before any."""
    return subject._asked


def asked(subject: Subject, name: str) -> None:
    """Note that this function or class is asked by another way than a call of the subject."""
    subject._asked = name


class Module:
    """An nn.Module that lives where the submission lives. It may be an argument of another call."""

    is_module_proxy = True

    def __init__(self, subject: Subject, reference: ModuleRef, name: str) -> None:
        self._subject, self._id, self._name = subject, reference.id, name

    @property
    def name(self) -> str:
        """What the check calls its class."""
        return self._name

    def __getattr__(self, method: str) -> Callable[..., Any]:
        """A method of the student's own: `module.loss(images, labels)`."""
        if method.startswith("_"):
            raise AttributeError(method)

        def call(*args: Any, **kwargs: Any) -> Any:
            request = {"module": self._id, "method": method, "args": args, "kwargs": kwargs}
            return self._subject._perform("module_method", f"{self._name}.{method}", request)

        call.__name__ = method
        return call

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self._ask("call", args=args, kwargs=kwargs)

    def gradient(
        self,
        *args: Any,
        wrt: list[Any] | None = None,
        parameters: list[str] | None = None,
        cotangents: list[Any] | None = None,
        **kwargs: Any,
    ) -> tuple[Any, ...]:
        """Gradients by the arguments at `wrt`, then by the named parameters."""
        gradients: tuple[Any, ...] = self._ask(
            "gradient", args=args, kwargs=kwargs, wrt=wrt or [], parameters=parameters or [], cotangents=cotangents
        )
        return gradients

    def state_dict(self) -> dict[str, Any]:
        state: dict[str, Any] = self._ask("state")
        return state

    def parameters(self) -> dict[str, Any]:
        """Name -> value of each trainable parameter."""
        named: dict[str, Any] = self._ask("parameters")
        return named

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self._ask("load", state=state)

    def to(self, dtype: str) -> "Module":
        self._ask("to", dtype=str(dtype).removeprefix("torch."))
        return self

    def train(self, mode: bool = True) -> "Module":
        self._ask("train", mode=mode)
        return self

    def eval(self) -> "Module":
        return self.train(False)

    def _ask(self, verb: str, **request: Any) -> Any:
        return self._subject._perform(f"module_{verb}", self._name, {"module": self._id, **request})


def _refer_to_modules(value: Any) -> Any:
    """The request with each module's number in the place of its proxy."""
    if isinstance(value, Module):
        return ModuleRef(value._id)
    if isinstance(value, tuple | list):
        items = map(_refer_to_modules, value)
        return tuple(items) if isinstance(value, tuple) else list(items)
    if isinstance(value, dict):
        return {key: _refer_to_modules(item) for key, item in value.items()}
    return value


class Direct:
    """A source loaded into this process: the reference, a misconception, or a student's file under their own debugger."""

    def __init__(self, session: Session) -> None:
        self.session = session
        loaded = session.load()
        self.load_fault = loaded.fault

    def perform(self, verb: str, name: str, request: dict[str, Any]) -> Outcome:
        if self.load_fault is not None:
            return Outcome(fault=self.load_fault)
        outcome = self.session.perform(verb, own_request(request))
        return Outcome(snapshot(outcome.value), outcome.fault, outcome.mutated)


def own_request(request: dict[str, Any]) -> dict[str, Any]:
    """The request with arguments that nobody else holds."""
    copied: dict[str, Any] = own_copy(request)
    if "module" in request:
        copied["module"] = request["module"]
    return copied


@dataclass
class Recorded:
    """Outcomes written down earlier, given out in order: the reference on a student's machine."""

    steps: list[Step]
    _next: int = 0

    def perform(self, verb: str, name: str, request: dict[str, Any]) -> Outcome:
        if self._next >= len(self.steps) or (self.steps[self._next].verb, self.steps[self._next].name) != (verb, name):
            raise GraderFault(
                f"the recorded answers do not fit this check ({verb} {name}): the checks and their data are out of step"
            )
        self._next += 1
        return self.steps[self._next - 1].outcome


def load_reference(source: str, name: str, companions: dict[str, str] | None = None) -> Direct:
    """The trusted source of a reference or a variant, as a backend. Raises GraderFault when it does not load."""
    backend = Direct(Session(source, f"{name}.py", companions=companions))
    if backend.load_fault is not None:
        raise GraderFault(f"solutions/{name}.py does not load: {backend.load_fault.name}: {backend.load_fault.message}")
    return backend


def load_exercise(exercise: Exercise, source: str | None = None) -> Direct:
    """An exercise's reference, or a trusted variant of it, with all that it may import."""
    text = exercise.reference_source if source is None else source
    return load_reference(text, exercise.name, exercise.reference_companions)
