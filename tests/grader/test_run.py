"""grader/run.py: one check on one submission, whatever happens in it."""

import pytest
import torch

from grader.checks import CheckFailed, assert_close, assert_unchanged, require
from grader.errors import Crashed, GraderFault, OutOfMemory, TimedOut, Unusable
from grader.result import Verdict
from grader.run import MAX_MESSAGE, Candidate, CheckMark, Run, fresh_reference, recorded_reference
from grader.sandbox.inside.protocol import Encoder
from grader.sandbox.inside.session import Outcome
from grader.subject import Step, load_reference

REFERENCE = "def f(x): return x * 2\ndef g(x): return x + 1\n"


def mark(name, *needs):
    return CheckMark(name, f"{name} is right.", f"{name} 맞아요.", 2.0, needs)


def run_of(source, **options):
    reference = load_reference(REFERENCE, "toy")
    candidate = Candidate(load_reference(source, "toy"), lambda check: 0)
    return Run("toy.py", [candidate], fresh_reference(reference), **options), candidate


def check(run, candidate, test, *needs, name=None):
    name = name or test.__name__
    arguments = dict.fromkeys(test.__code__.co_varnames[: test.__code__.co_argcount])
    run.check(mark(name, *needs), candidate, test, arguments)
    return candidate.results[-1]


def values(student, reference, draw):
    x = draw.tensor(3)
    assert_close(student.f(x), reference.f(x))


def unchanged(student, draw):
    student.f(draw.tensor(3))
    assert_unchanged(student)


def test_a_check_that_passes_pays():
    result = check(*run_of(REFERENCE), values)
    assert (result.verdict, result.points, result.max_points, result.title) == ("passed", 2.0, 2.0, "values is right.")


def test_a_check_that_fails_pays_nothing():
    result = check(*run_of("def f(x): return x"), values)
    assert (result.verdict, result.points, result.max_points) == ("failed", 0.0, 2.0)
    assert "values differ" in result.message


@pytest.mark.parametrize(
    "source",
    [
        "def f(x): raise NotImplementedError",
        "def g(x): return x",
        "def f(x):\n    if x.ndim != 1: raise ValueError('bad')\n    raise NotImplementedError",
    ],
    ids=["TODO", "undefined", "a stub that validates"],
)
def test_what_a_missing_function_needs_is_missing_too_and_never_pays(source):
    run, candidate = run_of(source)

    def property_of_a_stub(student, draw):
        """Passes for whatever raises ValueError."""
        with pytest.raises(Exception):  # noqa: B017
            student.f(draw.tensor(2, 2))

    assert check(run, candidate, values).verdict == "missing"
    result = check(run, candidate, property_of_a_stub, "values")
    assert (result.verdict, result.points) == ("missing", 0.0)


@pytest.mark.parametrize("source", ["def f(x): return x", "def f(x): raise ValueError"])
def test_what_a_wrong_function_needs_is_not_run(source):
    run, candidate = run_of(source)
    check(run, candidate, values)
    result = check(run, candidate, unchanged, "values")
    assert (result.verdict, result.points) == ("failed", 0.0)
    assert "Not run yet: it counts once this passes: “values is right.”" in result.message


def test_what_a_right_function_needs_is_run_and_pays():
    run, candidate = run_of(REFERENCE)
    check(run, candidate, values)
    assert check(run, candidate, unchanged, "values").points == 2.0


def test_every_case_of_a_parametrised_check_must_pass():
    run, candidate = run_of("def f(x): return x * 2 if x.ndim == 1 else x")

    def two_axes(student, reference, draw):
        x = draw.tensor(2, 2)
        assert_close(student.f(x), reference.f(x))

    check(run, candidate, values, name="values[1]")
    check(run, candidate, two_axes, name="values[2]")
    assert check(run, candidate, unchanged, "values").verdict == "failed"


def test_a_need_that_never_ran_is_the_authors_mistake():
    result = check(*run_of(REFERENCE), unchanged, "vlaues")
    assert result.verdict == Verdict.GRADER_ERROR


def test_a_need_on_which_the_grader_failed_is_no_zero_and_pays_nothing():
    run, candidate = run_of(REFERENCE)

    def broken(student):
        raise GraderFault("no worker")

    assert check(run, candidate, broken).verdict == Verdict.GRADER_ERROR
    assert check(run, candidate, unchanged, "broken").verdict == Verdict.GRADER_ERROR
    assert [result.points for result in candidate.results] == [0.0, 0.0]


def test_without_a_file_every_check_says_the_same():
    fault = Unusable("unreadable", "toy.py: it holds NUL bytes")
    candidate = Candidate(None, lambda check: 0, fault)
    run = Run("toy.py", [candidate], fresh_reference(load_reference(REFERENCE, "toy")))
    for test, needs in ((values, ()), (unchanged, ("values",))):
        result = check(run, candidate, test, *needs)
        assert (result.verdict, result.message) == ("unreadable", "toy.py: it holds NUL bytes")


def test_a_check_that_stumbles_over_an_answer_blames_the_answer():
    def stumbles(student, reference, draw):
        assert float(student.f(draw.tensor(3))[0]) is not None

    result = check(*run_of("def f(x): return None"), stumbles)
    assert (result.verdict, result.points) == ("failed", 0.0)
    assert "cannot work with (TypeError)" in result.message


@pytest.mark.parametrize(
    "answer, use",
    [
        ("'a'", lambda v: v + 1),
        ("float('inf')", int),
        ("0.0", lambda v: 1 / v),
        ("{}", lambda v: v["x"]),
        ("()", lambda v: v[0]),
        ("3", lambda v: v.shape),
        ("2.0**1023", lambda v: v * v and int(v * 4)),
        ("x.new_zeros(2, 2, 2, 2, 2)", lambda v: v @ torch.ones(7)),
        ("x.new_ones(10)", lambda v: bool(v)),
        ("[0.0] * 19_999", lambda v: Encoder().encode((v, v))),  # handed on as an argument
    ],
)
def test_odd_answers_are_the_students_whatever_they_make_a_check_raise(answer, use):
    def uses(student):
        use(student.h(torch.ones(1)))

    reference = load_reference("def h(x): return x.new_ones(7)", "toy")
    candidate = Candidate(load_reference(f"def h(x): return {answer}", "toy"), lambda check: 0)

    def survives(student):
        value = student.h(torch.ones(1))
        if isinstance(value, torch.Tensor) and value.shape == (7,):
            return
        use(value)

    run = Run("toy.py", [candidate], fresh_reference(reference))
    assert check(run, candidate, survives).verdict == "failed"
    assert candidate.grader_faults == []


def test_a_check_that_fails_with_the_reference_too_is_the_graders_fault():
    def broken(student):
        raise TypeError("the author's mistake")

    run, candidate = run_of(REFERENCE)
    result = check(run, candidate, broken)
    assert (result.verdict, result.points) == ("grader_error", 0.0)
    assert "costs you nothing" in result.message
    assert candidate.notes == []  # a record is read by students
    assert candidate.grader_faults[0].startswith("broken: Traceback")
    assert "TypeError: the author's mistake" in candidate.grader_faults[0]


def test_an_odd_answer_is_the_students_where_the_reference_is_a_recording_too():
    """On a student's machine; `grader sync` has proved that the check runs with the reference."""

    def stumbles(student):
        require(student.f(1) > 0, en="positive", ko="양수")

    candidate = Candidate(load_reference("def f(x): return 'text'", "toy"), lambda check: 0)
    run = Run("toy.py", [candidate], recorded_reference({"values": [Step("call", "f", Outcome(2))]}))
    assert check(run, candidate, stumbles).verdict == "failed"


@pytest.mark.parametrize(
    "fault, verdict",
    [
        (TimedOut("check_cpu_s", 1), "timeout"),
        (OutOfMemory(5), "memory"),
        (Crashed(-11), "crashed"),
        (CheckFailed("no"), "failed"),
        (GraderFault("no worker"), "grader_error"),
        (MemoryError(), "grader_error"),
        (KeyError("x"), "grader_error"),
    ],
)
def test_nothing_that_happens_in_a_check_goes_through(fault, verdict):
    def check_that_raises(student):
        raise fault

    run, candidate = run_of(REFERENCE)
    assert check(run, candidate, check_that_raises).verdict == verdict
    assert check(run, candidate, values).verdict == "passed"


def test_a_diagnosis_that_fails_takes_no_verdict_away():
    class Broken:
        def candidates(self, check, transcript, run):
            raise RuntimeError("a mistake in a misconception")

    run, candidate = run_of("def f(x): return x", diagnosis=Broken())
    assert check(run, candidate, values).verdict == "failed"


class Counting:
    """A diagnosis that names one misconception and counts how often it is asked."""

    asked = 0

    def candidates(self, check, transcript, run):
        self.asked += 1
        return ["toy-mistake"]


@pytest.mark.parametrize("diagnosed, named", [(True, ["toy-mistake"]), (False, [])])
def test_a_check_may_go_without_a_diagnosis(diagnosed, named):
    diagnosis = Counting()
    run, candidate = run_of("def f(x): return x", diagnosis=diagnosis)
    arguments = dict.fromkeys(("student", "reference", "draw"))
    run.check(CheckMark("values", "f.", "f.", 2.0, (), diagnosed=diagnosed), candidate, values, arguments)
    (result,) = candidate.results
    assert (result.verdict, result.candidates, diagnosis.asked) == ("failed", named, len(named))


def test_a_check_sees_the_verdicts_before_it_of_its_own_submission():
    seen = []

    def looks(student, earlier):
        seen.append({name: str(verdict) for name, verdict in earlier.items()})

    def wrong(student):
        raise CheckFailed("no")

    run, first = run_of(REFERENCE)
    second = Candidate(load_reference(REFERENCE, "toy"), lambda check: 0)
    for candidate, checks in ((first, (looks, values, wrong, looks)), (second, (looks,))):
        for test in checks:
            check(run, candidate, test)
    assert seen == [{}, {"looks": "passed", "values": "passed", "wrong": "failed"}, {}]


def test_a_check_tells_the_worker_the_limit_of_its_own():
    begun = []

    class Worker:
        def begin_check(self, cpu_s):
            begun.append(cpu_s)

    run, _ = run_of(REFERENCE)
    candidate = Candidate(Worker(), lambda check: 0)
    for cpu_s in (None, 60.0):
        run.check(CheckMark("free", "f.", "f.", 1.0, (), cpu_s=cpu_s), candidate, lambda: None, {})
    assert begun == [None, 60.0]


def test_a_message_is_capped():
    def long(student):
        raise CheckFailed("x" * 10**6)

    assert len(check(*run_of(REFERENCE), long).message) <= MAX_MESSAGE


def test_each_check_draws_from_its_own_seed_and_a_case_is_a_check():
    seeds = []
    candidate = Candidate(load_reference(REFERENCE, "toy"), lambda check: seeds.append(check) or len(seeds))
    run = Run("toy.py", [candidate], fresh_reference(load_reference(REFERENCE, "toy")))
    check(run, candidate, values, name="values[1]")
    check(run, candidate, values, name="values[2]")
    assert seeds == ["values[1]", "values[2]"]


def test_modules_of_an_earlier_check_are_gone_from_the_reference():
    source = "import torch\ndef f(n): return torch.nn.Linear(n, n)"
    backend = load_reference(source, "toy")
    reference = fresh_reference(backend)
    for _ in range(3):
        reference("a").perform("call", "f", {"name": "f", "args": (2,), "kwargs": {}})
        assert len(backend.session.modules) == 1


def test_each_result_is_told_at_once():
    told = []
    run, candidate = run_of(REFERENCE, on_result=told.append)
    check(run, candidate, values)
    assert told == candidate.results


# The command that draws inputs of the same kind


@pytest.mark.parametrize(
    "source, command",
    [
        (REFERENCE, ""),
        ("def f(x): return x", "grader draw toy f"),
        ("def f(x): raise ValueError", "grader draw toy f"),
        ("def f(x): return 'text'", "grader draw toy f"),
        ("def f(x): raise MemoryError", "grader draw toy f"),
        ("def f(x): raise NotImplementedError", ""),
        ("def g(x): return x", ""),
    ],
    ids=["passed", "failed", "error", "odd answer", "memory", "missing", "undefined"],
)
def test_a_check_that_went_wrong_names_the_command_that_draws_for_its_function(source, command):
    assert check(*run_of(source), values).draw_command == command


@pytest.mark.parametrize("fault", [TimedOut("check_cpu_s", 1), Crashed(-11), OutOfMemory(5)], ids=repr)
def test_a_call_that_never_came_back_is_the_one_to_draw_for(fault):
    class Dies:
        def perform(self, verb, name, request):
            if name == "g":
                raise fault
            return Outcome(request["args"][0])

    def calls_both(student):
        student.f(1)
        student.g(1)

    candidate = Candidate(Dies(), lambda check: 0)
    run = Run("toy.py", [candidate], fresh_reference(load_reference(REFERENCE, "toy")))
    assert check(run, candidate, calls_both).draw_command == "grader draw toy g"


def test_a_module_is_drawn_for_by_its_class():
    def calls_a_module(student):
        module = student.Layer(2, 3)
        require(module(torch.ones(1, 2)).shape == (1, 4), en="four columns", ko="열이 네 개예요")

    source = "from torch.nn import Linear as Layer"
    reference = load_reference(source.replace("Linear", "Bilinear"), "toy")
    candidate = Candidate(load_reference(source, "toy"), lambda check: 0)
    result = check(Run("toy.py", [candidate], fresh_reference(reference)), candidate, calls_a_module)
    assert (result.verdict, result.draw_command) == ("failed", "grader draw toy Layer")


def test_there_is_nothing_to_draw_for_a_check_that_did_not_run():
    run, candidate = run_of("def f(x): return x")
    check(run, candidate, values)
    waiting = check(run, candidate, unchanged, "values")
    assert (waiting.verdict, waiting.draw_command) == ("failed", "")
    assert "Not run yet" in waiting.message


@pytest.mark.parametrize("verdict", ["missing", "unreadable"])
def test_there_is_nothing_to_draw_without_a_file(verdict):
    candidate = Candidate(None, lambda check: 0, Unusable(verdict, "no file"))
    run = Run("toy.py", [candidate], fresh_reference(load_reference(REFERENCE, "toy")))
    assert check(run, candidate, values).draw_command == ""


def test_an_author_may_name_the_kind():
    run, candidate = run_of("def f(x): return x")
    with_kind = mark("values")
    with_kind.kind = "large"
    run.check(with_kind, candidate, values, dict.fromkeys(("student", "reference", "draw")))
    assert candidate.results[-1].draw_command == "grader draw toy f --kind large"
