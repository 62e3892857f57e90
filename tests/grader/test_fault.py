"""grader/sandbox/inside/fault.py: exceptions as plain, capped text."""

import linecache

import pytest

from grader.sandbox.inside import fault as fault_module
from grader.sandbox.inside.fault import Fault, Forbidden, Undefined, describe


def fault_of(source, filename="toy.py"):
    lines = source.splitlines(keepends=True)
    linecache.cache[filename] = (len(source), None, lines, filename)
    try:
        exec(compile(source, filename, "exec"), {})
    except BaseException as error:
        return describe(error, filename)
    raise AssertionError("nothing was raised")


def test_an_exception_is_told_with_the_lines_of_the_students_file():
    fault = fault_of("def f():\n    return 1 / 0\n\nf()\n")
    assert (fault.kind, fault.name, fault.message) == ("raised", "ZeroDivisionError", "division by zero")
    assert [(frame.line, frame.function, frame.text) for frame in fault.frames] == [
        (4, "<module>", "f()"),
        (2, "f", "return 1 / 0"),
    ]
    assert fault.types[:3] == ("ZeroDivisionError", "ArithmeticError", "Exception")


def test_frames_of_other_files_are_left_out():
    fault = fault_of("import json\njson.loads('{')\n")
    assert [frame.line for frame in fault.frames] == [2]


def test_a_syntax_error_points_at_its_line():
    fault = fault_of("x = 1\ny = (\n")
    assert fault.name == "SyntaxError"
    assert [(frame.line, frame.text) for frame in fault.frames] == [(2, "y = (")]


@pytest.mark.parametrize(
    "source, kind",
    [
        ("raise NotImplementedError", "not_started"),
        ("raise MemoryError", "memory"),
        ("raise RuntimeError('[enforce fail] DefaultCPUAllocator: can\\'t allocate memory')", "memory"),
        ("raise SystemExit(0)", "raised"),
        ("raise KeyboardInterrupt", "raised"),
    ],
)
def test_kinds(source, kind):
    assert fault_of(source).kind == kind


def test_only_real_built_in_types_are_named():
    """A student's own class of the name ValueError is no ValueError."""
    fault = fault_of("class ValueError(Exception): pass\nraise ValueError('mine')")
    assert fault.name == "ValueError"
    assert fault.types == ("Exception", "BaseException")
    assert "ValueError" in fault_of("class Mine(ValueError): pass\nraise Mine").types


@pytest.mark.parametrize(
    "body",
    [
        "def __str__(self): raise SystemExit",
        "def __str__(self): return 3",
        "def __str__(self): return 'x' * 10**6",
        "__str__ = None",
    ],
)
def test_an_evil_text_is_capped_or_replaced(body):
    fault = fault_of(f"class Evil(Exception):\n    {body}\nraise Evil")
    assert fault.name == "Evil"
    assert len(fault.message) <= fault_module.MAX_MESSAGE


def test_a_deep_recursion_keeps_few_frames():
    assert len(fault_of("def f(): f()\nf()").frames) <= fault_module.MAX_FRAMES


def test_undefined_and_forbidden_keep_their_facts():
    assert describe(Undefined("f", ["g", "h"]), "toy.py").details == {"defined": "g, h"}
    fault = describe(Forbidden("f", "numpy.dot", 3), "toy.py")
    assert (fault.kind, fault.details["used"], fault.details["line"]) == ("forbidden", "numpy.dot", "3")


def test_json_gives_the_same_fault_back():
    fault = fault_of("raise ValueError('한글')")
    assert Fault.from_json(fault.to_json()) == fault


def test_untrusted_json_is_forced_to_its_types_and_lengths():
    fault = Fault.from_json(
        {
            "kind": ["x"] * 1000,
            "name": 7,
            "message": "m" * 10**6,
            "types": ["t" * 1000] * 1000,
            "frames": [[1, "f" * 1000, "x" * 1000]] * 1000,
            "details": {"k" * 1000: "v" * 1000},
        }
    )
    assert isinstance(fault.kind, str)
    assert len(fault.kind) <= 20
    assert fault.name == "7"
    assert len(fault.message) <= fault_module.MAX_MESSAGE
    assert len(fault.types) <= 20
    assert max(map(len, fault.types)) <= 100
    assert len(fault.frames) <= fault_module.MAX_FRAMES
    assert max(len(frame.text) for frame in fault.frames) <= 300
    assert [(len(key), len(value)) for key, value in fault.details.items()] == [(40, 300)]


@pytest.mark.parametrize("frames", [[[1]], [1], "abc", [["x", "f", "t"]], 5])
def test_frames_that_are_none_are_refused(frames):
    with pytest.raises((ValueError, TypeError)):
        Fault.from_json({"kind": "raised", "frames": frames})
