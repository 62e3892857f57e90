"""grader/judge.py: from what went wrong to a verdict and a sentence."""

import pytest

from grader.errors import CheckFailed, Crashed, OutOfMemory, Raised, StudentFault, TimedOut, Unusable
from grader.judge import judge
from grader.result import Verdict
from grader.sandbox.inside.fault import Fault, Frame


@pytest.mark.parametrize(
    "fault, verdict, said",
    [
        (CheckFailed("not so"), "failed", "not so"),
        (Unusable("missing", "no file"), "missing", "no file"),
        (Unusable("unreadable", "NUL"), "unreadable", "NUL"),
        (TimedOut("check_cpu_s", 2.0), "timeout", "No answer after 2 s of computing"),
        (TimedOut("check_wall_s", 0.5), "timeout", "No answer after 0.5 s: does your code sleep, wait or read input?"),
        (TimedOut("total_cpu_s", 8), "timeout", "together used up their 8 s"),
        (TimedOut("total_wall_s", 24), "timeout", "together used up their 24 s"),
        (OutOfMemory(1024), "memory", "more than the 1024 MB"),
        (Crashed(-11), "crashed", "ended by signal SIGSEGV"),
        (Crashed(-99), "crashed", "ended by signal 99"),
        (Crashed(0), "crashed", "ended the Python process itself (exit status 0)"),
        (Crashed(None, "a frame that cannot be read"), "crashed", "sent what is not an answer"),
        (Raised(Fault("not_started"), "softmax"), "missing", "Not started: softmax still holds its TODO."),
        (Raised(Fault("undefined", message="f")), "missing", "toy.py does not define f."),
        (
            Raised(Fault("undefined", message="f", details={"defined": "g"})),
            "missing",
            "It defines g: is one of them misspelt?",
        ),
        (
            Raised(Fault("forbidden", details={"function": "f", "used": "numpy.dot", "line": "3"})),
            "forbidden",
            "f uses numpy.dot (line 3), which this exercise rules out",
        ),
        (
            Raised(Fault("forbidden", details={"function": "f", "used": "@", "line": "0"})),
            "forbidden",
            "f uses @, which",
        ),
        (Raised(Fault("memory", "MemoryError")), "memory", "asked for more memory than it may use"),
        (Raised(Fault("too_large", message="bytes"), "f"), "failed", "The answer of f is far too large"),
        (Raised(Fault("raised", "SystemExit", "0")), "error", "called sys.exit()"),
        (Raised(Fault("raised", "ValueError", "no")), "error", "Your code raised ValueError: no"),
        (Raised(Fault("raised", "ValueError")), "error", "Your code raised ValueError"),
        (Raised(Fault("nonsense", "X")), "error", "Your code raised X"),
        (
            Raised(Fault("raised", "SyntaxError", "invalid syntax", frames=(Frame(2, "", "x ="),))),
            "error",
            "toy.py is not valid Python: invalid syntax.\n  line 2: x =",
        ),
        (
            Raised(Fault("raised", "SyntaxError", "mine", frames=(Frame(2, "f", "eval('(')"),))),
            "error",
            "Your code raised SyntaxError: mine",
        ),
    ],
)
def test_every_fault_has_its_verdict_and_its_sentence(fault, verdict, said):
    came, message = judge(fault, "toy.py")
    assert came == Verdict(verdict)
    assert said in message


def test_lines_of_the_students_file_follow():
    frames = (Frame(9, "<module>", "f()"), Frame(3, "f", "return 1 / 0"))
    _, message = judge(Raised(Fault("raised", "ZeroDivisionError", "division by zero", frames=frames)), "toy.py")
    assert message.splitlines()[1:] == ["  line 9: f()", "  line 3, f: return 1 / 0"]


def test_a_deep_recursion_is_cut_in_its_middle():
    frames = tuple(Frame(n, "f", "f()") for n in range(12))
    _, message = judge(Raised(Fault("raised", "RecursionError", frames=frames)), "toy.py")
    lines = message.splitlines()
    assert len(lines) == 6
    assert lines[3] == "  …"
    assert lines[-1] == "  line 11, f: f()"


def test_a_fault_without_a_verdict_is_a_mistake_of_the_grader():
    with pytest.raises(TypeError):
        judge(StudentFault(), "toy.py")
