"""Write a file whole or not at all: a run that fails half way leaves the older file as it was."""

import errno
import os
import tempfile
from pathlib import Path

from .errors import GraderFault, MachineFault, UserError

MACHINE = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.ENFILE, errno.EMFILE}


def replace(path: Path, text: str, encoding: str = "utf-8") -> None:
    """As replace_bytes, for text."""
    replace_bytes(path, text.encode(encoding, errors="backslashreplace"))


def replace_bytes(path: Path, data: bytes) -> None:
    """Write a draft beside the file, then rename it. Raises OSError; no draft is left then."""
    path = path.resolve()  # a link stays a link
    if path.exists() and not path.is_file():
        path.write_bytes(data)  # /dev/stdout
        return
    draft = path.with_name(f".{path.name}.draft")
    try:
        draft.write_bytes(data)
        os.replace(draft, path)
    except BaseException:
        draft.unlink(missing_ok=True)
        raise


def check_writable(what: str, folder: Path) -> None:
    """Before hours of grading: can anything be written there? Raises UserError or MachineFault."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise not_written(what, folder, error) from None


def not_written(what: str, path: Path, error: OSError) -> GraderFault | UserError:
    """The exception for what could not be written: the machine's fault (a full disk) or that of who named the path."""
    full = error.errno in MACHINE
    advice = "make room" if full else "choose another place or change its permissions"
    text = (
        f"{what} could not be written to {path}: {error.strerror}. What is graded is in the store: {advice}, and run the "
        "same command again."
    )
    return MachineFault(text) if full else UserError(text)
