"""The exceptions of the grader: whose fault it is decides what becomes of it.

Exception
├── StudentFault              what the student's code did; becomes a verdict, worth no points
│   ├── Raised                it raised an exception, is not started, is undefined or forbidden, or ran out of memory
│   ├── CheckFailed           an answer is not what the check asks for
│   ├── TimedOut              it used up a limit of time
│   ├── GivenUp               it did so before, in the same function
│   ├── OutOfMemory           it used up its memory and was ended
│   ├── TooManyThreads        it started more threads than it may
│   ├── Crashed               its process ended on its own, or broke the protocol
│   └── Unusable              there is nothing to run: the file is missing or cannot be read
├── NotJudged                 what this machine cannot tell: `inconclusive` or `not_graded`; never a zero, never a pass
├── GraderFault               what the grader or the machine did; becomes `grader_error`, never a zero; exit status 3
│   ├── MachineFault          the disk is full, the store is locked …: a sentence of its own
│   └── SandboxUnavailable    this machine cannot confine a submission
└── UserError                 bad input to a command: one sentence, what to do next; exit status 2
BaseException
└── Stopped                   Ctrl-C or SIGTERM: exit status 128 + the signal's number
"""

import signal

from .sandbox.inside.fault import Fault


class StudentFault(Exception):
    """Something that the student's code did."""


class Raised(StudentFault):
    """A call into the student's code gave a fault instead of a value."""

    def __init__(self, fault: Fault, call: str = "") -> None:
        super().__init__(fault.message)
        self.fault = fault
        self.call = call


class CheckFailed(StudentFault):
    """An answer is not what was asked for; its text is read by the student."""


class TimedOut(StudentFault):
    """The student's code used up a limit of time: `what` names the limit in course.toml, or is "unclocked_s" where
    nobody can tell computing from waiting."""

    def __init__(self, what: str, seconds: float) -> None:
        super().__init__(f"{what}: {seconds:g} s")
        self.what, self.seconds = what, seconds


class GivenUp(StudentFault):
    """A function that did not answer `times` times is not asked again."""

    def __init__(self, name: str, times: int) -> None:
        super().__init__(f"{name}, {times} times")
        self.name, self.times = name, times


class OutOfMemory(StudentFault):
    """The student's process grew past its memory limit (in MB)."""

    def __init__(self, limit_mb: int) -> None:
        super().__init__(f"{limit_mb} MB")
        self.limit_mb = limit_mb


class TooManyThreads(StudentFault):
    """The student's process started more threads than it may."""

    def __init__(self, limit: int) -> None:
        super().__init__(f"{limit} threads")
        self.limit = limit


class Crashed(StudentFault):
    """The student's process is gone, or sent what is no message. `code`: exit status, negative for a signal."""

    def __init__(self, code: int | None, reason: str = "") -> None:
        super().__init__(reason or f"exit status {code}")
        self.code, self.reason = code, reason


class Unusable(StudentFault):
    """No source to run. `verdict` is "missing" or "unreadable"."""

    def __init__(self, verdict: str, reason: str) -> None:
        super().__init__(reason)
        self.verdict, self.reason = verdict, reason


class NotJudged(Exception):
    """Speed that could not be judged. `verdict` is "inconclusive" or "not_graded"; its text is read by the student."""

    def __init__(self, verdict: str, reason: str) -> None:
        super().__init__(reason)
        self.verdict = verdict


class GraderFault(Exception):
    """Something that the grader, or the machine that it runs on, did.

    Its text may stand in a record, which students read. `detail` is for the instructor alone: it may quote hidden checks.
    """

    def __init__(self, text: str = "", detail: str = "") -> None:
        super().__init__(text)
        self.detail = detail


class MachineFault(GraderFault):
    """The machine does not let the grader go on; the text says what, where, and what to do next."""


class SandboxUnavailable(GraderFault):
    """This machine cannot confine a submission."""


class Stopped(BaseException):
    """Somebody pressed Ctrl-C or ended this process; what was done is kept. No `except Exception` may catch it."""

    def __init__(self, number: int = signal.SIGINT) -> None:
        super().__init__(f"signal {int(number)}")
        self.number = int(number)


class UserError(Exception):
    """A command was given something that it cannot work with; the text says what, where, and what to do next."""
