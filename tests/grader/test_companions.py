"""grader/sandbox/inside/companions.py: other files of a submission, imported by name."""

import sys

import pytest

from grader.errors import Raised
from grader.sandbox.inside.companions import Companions
from grader.sandbox.inside.fault import NotHandedIn
from grader.sandbox.inside.session import Session
from grader.subject import Direct, Subject

# Names that no installed module has.
CELL = "def double(x):\n    return 2 * x\n\ndef fails(x):\n    raise KeyError(x)\n"
SOURCES = {"own_cell": CELL}


@pytest.fixture(params=["in this process", "in the sandbox"])
def subject_of(request):
    """subject_of(source, companions): a submission and its other files, in both places where one can live."""
    if request.param == "in this process":
        return lambda source, companions: Subject(Direct(Session(source, "toy.py", companions=companions)))
    sandboxed = request.getfixturevalue("sandboxed")
    return lambda source, companions: Subject(sandboxed(source, companions=companions))


def fault_of(call, *args):
    with pytest.raises(Raised) as caught:
        call(*args)
    return caught.value.fault


@pytest.mark.parametrize(
    "source",
    [
        "import own_cell\ndef f(x): return own_cell.double(x)",
        "import own_cell as cell\ndef f(x): return cell.double(x)",
        "from own_cell import double\ndef f(x): return double(x)",
        "from own_cell import double as twice\ndef f(x): return twice(x)",
        "from own_cell import *\ndef f(x): return double(x)",
        "def f(x):\n    from own_cell import double\n    return double(x)",
        "f = __import__('own_cell').double",
    ],
)
def test_every_way_to_import_by_name(source):
    assert Subject(Direct(Session(source, "toy.py", companions=SOURCES))).f(3) == 6


def test_a_file_is_imported_and_called_wherever_the_submission_lives(subject_of):
    subject = subject_of("from own_cell import double\ndef f(x): return double(x)", SOURCES)
    assert (subject.f(3), subject.file("own_cell").double(4)) == (6, 8)


def test_a_file_runs_once_however_often_it_is_imported(subject_of):
    companions = {"counter": "runs = []\nruns.append(1)\ndef count(): return len(runs)", "other": "import counter"}
    source = "import counter, other, counter\ndef f(): return counter.count()"
    subject = subject_of(source, companions)
    assert (subject.f(), subject.file("counter").count()) == (1, 1)


def test_one_file_imports_another():
    companions = {"first": "from second import value\ndef get(): return value", "second": "value = 5"}
    assert Subject(Direct(Session("from first import get", "toy.py", companions=companions))).get() == 5


def test_two_files_may_import_each_other():
    companions = {
        "first": "import second\ndef one(): return 1\ndef both(): return one() + second.two()",
        "second": "import first\ndef two(): return 2\ndef back(): return first.one()",
    }
    subject = Subject(Direct(Session("import first", "toy.py", companions=companions)))
    assert (subject.file("first").both(), subject.file("second").back()) == (3, 1)


def test_a_name_that_a_circle_has_not_reached_yet_is_an_import_error():
    companions = {"first": "from second import two\none = 1", "second": "from first import one\ntwo = 2"}
    fault = fault_of(Subject(Direct(Session("import first", "toy.py", companions=companions))).f)
    assert fault.name == "ImportError"
    assert "one" in fault.message


def test_a_file_that_was_not_handed_in(subject_of):
    subject = subject_of("def f(x): return x", SOURCES)
    fault = fault_of(subject.file("own_gru").gru_cell, 1)
    assert (fault.kind, fault.message) == ("not_handed_in", "own_gru.py")
    assert subject.f(1) == 1  # and nothing else of it suffers


def test_an_import_of_a_file_that_was_not_handed_in_is_pythons_own_error(subject_of):
    fault = fault_of(subject_of("import own_gru\ndef f(): pass", SOURCES).f)
    assert (fault.name, fault.frames[0].line) == ("ModuleNotFoundError", 1)
    assert "own_gru" in fault.message


def test_a_function_that_the_file_does_not_define_is_named_with_those_that_it_does(subject_of):
    fault = fault_of(subject_of("", SOURCES).file("own_cell").treble, 1)
    assert (fault.kind, fault.message, fault.details["defined"]) == ("undefined", "own_cell.treble", "double, fails")


def test_the_frames_of_a_file_are_named(subject_of):
    subject = subject_of("import own_cell\ndef f(x):\n    return own_cell.fails(x)", SOURCES)
    frames = [(frame.line, frame.function, frame.text) for frame in fault_of(subject.f, "k").frames]
    assert frames == [(3, "f", "return own_cell.fails(x)"), (5, "own_cell.py: fails", "raise KeyError(x)")]


def test_a_file_that_raises_as_it_is_imported_raises_each_time(subject_of):
    subject = subject_of("def f(): return 1", {"broken": "x = 1\n1 / 0\n"})
    for _ in range(2):
        fault = fault_of(subject.file("broken").anything)
        assert (fault.name, [(frame.line, frame.function) for frame in fault.frames]) == (
            "ZeroDivisionError",
            [(2, "broken.py: <module>")],
        )
    assert subject.f() == 1


@pytest.mark.parametrize("source", ["import broken", "def f():\n    import broken"])
def test_a_file_that_is_no_python_is_named_with_its_line(source):
    """Python's own message names neither where the file is not the submission's first one."""
    backend = Direct(Session(source, "toy.py", companions={"broken": "x = 1\ndef g(:\n"}))
    fault = fault_of(Subject(backend).f)
    assert (fault.name, fault.frames[-1].line, fault.frames[-1].function) == ("SyntaxError", 2, "broken.py: <module>")
    assert fault.frames[-1].text == "def g(:"


def test_two_submissions_in_one_process_do_not_meet():
    source = "import own_cell\ndef f(x): return own_cell.double(x)"
    wrong = {"own_cell": "def double(x): return -x"}
    first, second = (Subject(Direct(Session(source, "toy.py", companions=files))) for files in (SOURCES, wrong))
    assert (first.f(3), second.f(3), first.f(3)) == (6, -3, 6)
    assert first.file("own_cell").double(1) != second.file("own_cell").double(1)


def test_nothing_enters_the_table_of_modules():
    before = set(sys.modules)
    subject = Subject(
        Direct(Session("import own_cell\ndef f(): return own_cell.double(1)", "toy.py", companions=SOURCES))
    )
    assert subject.f() == 2
    assert set(sys.modules) == before


def test_a_companion_goes_before_an_installed_module_for_the_submission_alone():
    import json

    companions = {"json": "def dumps(x): return 'mine'"}
    subject = Subject(Direct(Session("import json\ndef f(x): return json.dumps(x)", "toy.py", companions=companions)))
    assert (subject.f(1), json.dumps(1)) == ("mine", "1")


def test_other_imports_are_pythons_own():
    source = "import os.path\nfrom collections import abc\ndef f(): return os.path.join('a', 'b'), abc.__name__"
    assert Subject(Direct(Session(source, "toy.py", companions=SOURCES))).f() == ("a/b", "collections.abc")


def test_without_companions_a_namespace_is_left_as_it_was():
    namespace = {}
    Companions({}).share(namespace)
    assert namespace == {}


def test_load_raises_for_what_is_not_there():
    with pytest.raises(NotHandedIn, match=r"own_gru\.py"):
        Companions(SOURCES).load("own_gru")
