"""The pytest plugin: the fixtures `student`, `reference`, `race` and `draw`, and a Run in the place of pytest's own verdict.

Inside the grader a Run lies in the configuration's stash and its candidates parametrise the checks. Without one, somebody
runs `pytest exercises/checks` themselves: the stub is imported into this very process, for a debugger and a full traceback.
"""

import inspect
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from .run import CheckMark, Run

CANDIDATE_ID = "candidate:"
RUN: "pytest.StashKey[Run]" = pytest.StashKey()


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "check(points, ko, needs, kind): a check of an exercise (grader.checks.check)")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--submission", metavar="FILE", help="dot2vit: check this file instead of the stub in exercises/")


def _run_of(config: pytest.Config) -> "Run | None":
    return config.stash.get(RUN, None)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """A student's warnings are no mistake, even where the project's own tests take warnings for errors.

    A Run that measures speed alone has no use for the other checks, nor has one that is asked for some checks by name, or for
    all but those that train.
    """
    run = _run_of(config)
    if run is not None:  # its session has no warnings to begin with
        if run.only_races:
            items[:] = [item for item in items if "race" in getattr(item, "fixturenames", ())]
        if run.only is not None:
            items[:] = _with_needs(items, run.only)
        if not run.trains:
            items[:] = [item for item in items if not (isinstance(item, pytest.Function) and _mark_of(item).trains)]
        return
    for item in items:
        if item.get_closest_marker("check") is not None:
            item.add_marker(pytest.mark.filterwarnings("default"))


def _with_needs(items: list[pytest.Item], names: Collection[str]) -> list[pytest.Item]:
    """The checks of these names, and those that they need: they stand before them in the file."""
    wanted = set(names)
    kept: list[pytest.Item] = []
    for item in reversed(items):
        if isinstance(item, pytest.Function) and wanted & {_name_of(item), item.originalname}:
            wanted.update(_mark_of(item).needs)
            kept.append(item)
    return kept[::-1]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    run = _run_of(metafunc.config)
    if "student" in metafunc.fixturenames and run is not None:
        metafunc.parametrize(
            "candidate", range(len(run.candidates)), indirect=True, scope="module", ids=lambda n: f"{CANDIDATE_ID}{n}"
        )


@pytest.fixture(scope="module")
def candidate(request: pytest.FixtureRequest) -> Iterator[Any]:
    """The submission that is being checked; it is ended with its last check."""
    run = _run_of(request.config)
    if run is not None:
        yield run.candidates[request.param]
        run.candidates[request.param].close()
        return
    from . import direct

    yield direct.candidate(Path(request.path), request.config.getoption("--submission"))


@pytest.fixture
def student(candidate: Any, request: pytest.FixtureRequest) -> Any:
    """The submission, as docs/adding-an-exercise.md describes it."""
    from .subject import Subject

    return Subject(candidate)


@pytest.fixture
def reference(request: pytest.FixtureRequest) -> Any:
    """The reference solution, or its recorded answers where students must not have it."""
    if _run_of(request.config) is not None:
        return None  # the Run gives each check its own
    from . import direct
    from .subject import Subject

    return Subject(direct.reference(Path(request.path), request.node.name))


@pytest.fixture
def race(student: Any, reference: Any, request: pytest.FixtureRequest) -> Any:
    """The student's function against the reference's; outside of a Run only their answers are compared."""
    if _run_of(request.config) is not None:
        return None  # the Run gives each check its own
    from .speed.race import Race

    return Race(request.node.name, student, reference, None)


@pytest.fixture
def earlier() -> dict[str, Any]:
    """The verdicts of this file's checks before this one, by name: the Run knows them."""
    return {}


@pytest.fixture
def draw(candidate: Any, request: pytest.FixtureRequest) -> Any:
    """Random inputs, keyed by what is checked."""
    from .draw import Draw

    return Draw(candidate.draw_seed(request.node.name))


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool | None:
    """Inside a Run, the Run runs the check and keeps its result; pytest sees it pass either way."""
    run = _run_of(pyfuncitem.config)
    if run is None or "student" not in pyfuncitem.fixturenames:
        return None
    arguments = {name: pyfuncitem.funcargs[name] for name in inspect.signature(pyfuncitem.obj).parameters}
    candidate: Any = pyfuncitem.funcargs["candidate"]
    run.check(_mark_of(pyfuncitem), candidate, pyfuncitem.obj, arguments)
    return True


def _mark_of(item: pytest.Function) -> "CheckMark":
    from .run import CheckMark

    mark = item.get_closest_marker("check")
    if mark is None:
        raise pytest.UsageError(f"{item.name} has no @check: it needs points and a Korean sentence")
    return CheckMark(
        name=_name_of(item),
        docstring=item.obj.__doc__ or "",
        ko=mark.kwargs["ko"],
        points=float(mark.kwargs["points"]),
        needs=mark.kwargs["needs"],
        cpu_s=mark.kwargs["cpu_s"],
        diagnosed=mark.kwargs["diagnosed"],
        drawn=mark.kwargs["drawn"],
        kind=mark.kwargs["kind"],
    )


def _name_of(item: pytest.Function) -> str:
    """The test's name with the cases of its own parametrisation, but without the candidate's."""
    _, _, cases = item.name.removesuffix("]").partition("[")
    own = [case for case in cases.split("-") if case and not case.startswith(CANDIDATE_ID)]
    return f"{item.originalname}[{'-'.join(own)}]" if own else item.originalname


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Iterator[None]:
    """A fault of the set-up around a check is the grader's."""
    report = yield
    run = _run_of(item.config)
    if run is not None and call.excinfo is not None:
        run.grader_faults.append(f"{item.name} ({call.when}): {call.excinfo.typename}: {call.excinfo.value}")
    return report
