"""From what went wrong in a check to a verdict and the sentence that the student reads."""

import re
import signal

from .errors import CheckFailed, Crashed, GivenUp, OutOfMemory, Raised, StudentFault, TimedOut, TooManyThreads, Unusable
from .i18n import _
from .parameters import misfit_message
from .result import Verdict
from .sandbox.inside.fault import Fault

# Python's own words when a call does not fit a signature.
ARGUMENTS = re.compile(r"\(\) (takes|missing|got an unexpected keyword|got multiple values)")


def judge(fault: StudentFault, filename: str) -> tuple[Verdict, str]:
    """The verdict on a student's fault, and what to say about it."""
    if isinstance(fault, CheckFailed):
        return Verdict.FAILED, str(fault)
    if isinstance(fault, Raised):
        return _judge_raised(fault.fault, fault.call, filename)
    if isinstance(fault, TimedOut):
        return Verdict.TIMEOUT, _timeout_message(fault)
    if isinstance(fault, GivenUp):
        return Verdict.TIMEOUT, _("{call} has given no answer {times} times; it was not asked again.").format(
            call=fault.name, times=fault.times
        )
    if isinstance(fault, OutOfMemory):
        return Verdict.MEMORY, _("Your code used more than the {limit} MB of memory that it may use.").format(
            limit=fault.limit_mb
        )
    if isinstance(fault, TooManyThreads):
        return Verdict.CRASHED, _("Your code started more than {limit} threads.").format(limit=fault.limit)
    if isinstance(fault, Crashed):
        return Verdict.CRASHED, _crash_message(fault)
    if isinstance(fault, Unusable):
        return Verdict(fault.verdict), fault.reason
    raise TypeError(f"no verdict for {type(fault).__name__}")


def _judge_raised(fault: Fault, call: str, filename: str) -> tuple[Verdict, str]:
    if fault.kind == "not_started":
        return Verdict.MISSING, _("Not started: {call} still holds its TODO.").format(call=call)
    if fault.kind == "undefined":
        return Verdict.MISSING, _undefined_message(fault, filename)
    if fault.kind == "not_handed_in":
        return Verdict.MISSING, _("There is no file {filename}.").format(filename=fault.message)
    if fault.kind == "forbidden":
        used, line = fault.details.get("used", ""), fault.details.get("line", "0")
        where = _(" (line {line})").format(line=line) if line != "0" else ""
        return Verdict.FORBIDDEN, _(
            "{function} uses {used}{where}, which this exercise rules out: it is what you are asked to write yourself."
        ).format(function=fault.details.get("function", call), used=used, where=where)
    if fault.kind == "memory":
        return Verdict.MEMORY, _with_frames(_("Your code asked for more memory than it may use."), fault)
    if fault.kind == "too_large":
        too_many_parts = _("The answer of {call} has far too many parts, or they are nested too deeply.")
        too_many_bytes = _("The answer of {call} is far too large.")
        return Verdict.FAILED, (too_many_parts if fault.message == "parts" else too_many_bytes).format(call=call)
    if fault.kind == "misfit":
        return Verdict.FAILED, misfit_message(fault.details.get("module", call), fault.details)
    if fault.name == "SystemExit":
        return Verdict.ERROR, _with_frames(
            _("Your code called sys.exit(): leave that to the program that uses it."), fault
        )
    if fault.name in ("SyntaxError", "IndentationError", "TabError") and fault.frames and not fault.frames[-1].function:
        return Verdict.ERROR, _with_frames(
            _("{filename} is not valid Python: {message}.").format(filename=filename, message=fault.message), fault
        )
    if fault.name == "TypeError" and not fault.frames and ARGUMENTS.search(fault.message):
        return Verdict.ERROR, _(
            "{call} is called with the arguments that its stub has, and does not take them: {message}."
        ).format(call=call, message=fault.message)
    text = f"{fault.name}: {fault.message}" if fault.message else fault.name
    return Verdict.ERROR, _with_frames(_("Your code raised {error}").format(error=text), fault)


def _undefined_message(fault: Fault, filename: str) -> str:
    defined = fault.details.get("defined", "")
    if not defined:
        return _("{filename} does not define {name}.").format(filename=filename, name=fault.message)
    return _("{filename} does not define {name}. It defines {defined}: is one of them misspelt?").format(
        filename=filename, name=fault.message, defined=defined
    )


def _timeout_message(fault: TimedOut) -> str:
    seconds = f"{fault.seconds:g}"
    if fault.what == "check_cpu_s":
        return _(
            "No answer after {seconds} s of computing: is there a loop that does not end, or far too much work?"
        ).format(seconds=seconds)
    if fault.what == "check_wall_s":
        return _("No answer after {seconds} s: does your code sleep, wait or read input?").format(seconds=seconds)
    if fault.what == "unclocked_s":
        return _(
            "No answer after {seconds} s: is there a loop that does not end, or does your code sleep, wait or read input?"
        ).format(seconds=seconds)
    return _("The checks of this exercise together used up their {seconds} s; this one was not run to its end.").format(
        seconds=seconds
    )


def _crash_message(fault: Crashed) -> str:
    if fault.code is None:
        return _("Your code's process sent what is not an answer and was ended.")
    if fault.code < 0:
        try:
            name = signal.Signals(-fault.code).name
        except ValueError:
            name = str(-fault.code)
        return _("Your code's process was ended by signal {name}.").format(name=name)
    return _("Your code ended the Python process itself (exit status {code}).").format(code=fault.code)


def _with_frames(message: str, fault: Fault) -> str:
    lines = [message]
    for frame in fault.frames:
        where = _("line {line}").format(line=frame.line)
        function = f", {frame.function}" if frame.function and frame.function != "<module>" else ""
        lines.append(f"  {where}{function}: {frame.text}")
    if len(lines) > 6:  # a deep recursion says nothing new after its first and last lines
        lines = [*lines[:3], "  …", *lines[-2:]]
    return "\n".join(lines)
