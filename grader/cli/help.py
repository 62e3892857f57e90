"""`--help` in the reader's language: the students' commands say what they do in docstrings and in `help=`.

It is the language that `--lang` asks for on the same line, else the locale's, as everywhere. What an instructor alone reads
is English, as are the headings, which are typer's own.
"""

import ast
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import IO, Any

from ..i18n import LANGUAGES, _, language_of_locale, speaking


def translate(command: Any, arguments: Sequence[str]) -> None:
    """Say what a command (as typer makes them) and those below it are for in the language of whoever typed this."""
    with speaking(_asked_for(arguments) or language_of_locale()):
        _translate(command)


def _asked_for(arguments: Sequence[str]) -> str:
    """What --lang asks for; "" where it does not, or asks for what there is not."""
    for argument, following in pairwise([*arguments, ""]):
        option, _equals, value = argument.partition("=")
        if option == "--lang" and (value or following) in LANGUAGES:
            return value or following
    return ""


def _translate(command: Any) -> None:
    for described in (command, *command.params):
        if described.help:
            described.help = _(described.help)
    for below in getattr(command, "commands", {}).values():
        _translate(below)


def extract(file: IO[bytes], keywords: Any, comment_tags: Any, options: Any) -> Iterator[Any]:
    """For `make messages` (babel.cfg): what `_()` marks in a module of commands, and all of its help."""
    from babel.messages.extract import extract_python  # here: only an author has it

    yield from extract_python(file, keywords, comment_tags, options)
    file.seek(0)
    for node in ast.walk(ast.parse(file.read())):
        if isinstance(node, ast.FunctionDef) and node.decorator_list and (text := ast.get_docstring(node)):
            yield node.lineno, "_", text, []
        if isinstance(node, ast.keyword) and node.arg == "help" and isinstance(node.value, ast.Constant):
            yield node.value.lineno, "_", node.value.value, []
