"""The instructor's secret: with it a record's inputs can be drawn again, without it its seed says nothing."""

import os
import secrets
from pathlib import Path

from .errors import UserError

VARIABLE = "DOT2VIT_SECRET"


def instructor_secret(root: Path) -> bytes:
    """From the environment, else from ROOT/.dot2vit/secret, which is made on first use (readable by its owner only)."""
    if os.environ.get(VARIABLE):
        return os.environ[VARIABLE].encode()
    path = root / ".dot2vit" / "secret"
    try:
        if not path.exists():
            path.parent.mkdir(mode=0o700, exist_ok=True)
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with open(descriptor, "w", encoding="ascii") as file:
                file.write(secrets.token_hex(32) + "\n")
        secret = path.read_text(encoding="ascii").strip().encode()
    except OSError as error:
        raise UserError(
            f"The secret that hidden inputs are drawn from, {path}, cannot be read or made ({os.strerror(error.errno or 0)}); "
            f"make the folder writable or set {VARIABLE}."
        ) from None
    if not secret:
        raise UserError(f"The secret in {path} is empty: delete the file, and the next run makes another one.")
    return secret
