"""Where a release goes: a new folder, or the folder of a former release, which makes room as a whole."""

import contextlib
import hashlib
import json
import os
import shutil
import tempfile
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ..errors import UserError
from .archives import STARTER, stamp
from .bundle import MANIFEST

KEPT = ".git"  # so that a release may be the working tree of the repository that students get
MADE_BY_TRYING = ("__pycache__", ".pytest_cache", ".egg-info")


@dataclass(frozen=True)
class Draft:
    """A release that is written beside its place, and not put there yet."""

    root: Path
    folder: Path
    archives: tuple[Path, ...]


class Place:
    """The folder that a release is written to, and the archives beside it."""

    def __init__(self, folder: Path) -> None:
        """Raises UserError when there is something there that is no former release, or that was changed since."""
        self.folder = folder.resolve()
        if self.folder.exists():
            _refuse_foreign(self.folder)

    @contextlib.contextmanager
    def draft(self, files: dict[str, bytes], archives: dict[str, bytes]) -> Iterator[Draft]:
        """All files and archives, written beside the place; what of it was not put in place is gone at the end."""
        for name in archives:
            _refuse_foreign_archive(self.folder.parent / name)
        root: Path | None = None
        try:
            self.folder.parent.mkdir(parents=True, exist_ok=True)
            root = Path(tempfile.mkdtemp(prefix=f".{self.folder.name}.", dir=self.folder.parent))
            for path, data in files.items():
                _write(root / self.folder.name / path, data)
            for name, data in archives.items():
                _write(root / name, data)
            yield Draft(root, root / self.folder.name, tuple(root / name for name in archives))
        except OSError as error:
            raise UserError(
                f"The release could not be written to {self.folder}: {error.strerror}. Make room or name another place; "
                "nothing was changed."
            ) from None
        finally:
            if root is not None:
                shutil.rmtree(root, ignore_errors=True)

    def put(self, draft: Draft) -> None:
        """The draft takes its place. A former release is gone, but for the .git in it; on a failure it is back."""
        former = draft.root / "former"
        if self.folder.exists():
            os.rename(self.folder, former)
        try:
            if (former / KEPT).exists():
                os.rename(former / KEPT, draft.folder / KEPT)
            os.rename(draft.folder, self.folder)
        except OSError:
            if (draft.folder / KEPT).exists():
                os.rename(draft.folder / KEPT, former / KEPT)
            if former.exists():
                os.rename(former, self.folder)
            raise
        for archive in draft.archives:
            os.replace(archive, self.folder.parent / archive.name)


def _write(path: Path, data: bytes) -> None:
    """With a time and modes that depend on the content alone, whatever the umask."""
    for parent in reversed(path.parents):
        if not parent.exists():
            parent.mkdir()
            parent.chmod(0o755)
    path.write_bytes(data)
    path.chmod(0o644)
    os.utime(path, (stamp(data), stamp(data)))


def _refuse_foreign(folder: Path) -> None:
    """What is there must be a former release, as it was written: nobody's work is overwritten."""
    if not folder.is_dir():
        raise UserError(f"{folder} is a file. Name a new folder for the release; nothing was written.")
    if not any(folder.iterdir()):
        return
    released = _manifest(folder)
    for path in _files_below(folder):
        name = path.relative_to(folder).as_posix()
        if name not in released:
            raise UserError(
                f"{folder} is a former release, but {name} did not come with it. Move that away, or name another folder; "
                "nothing was written."
            )
        if hashlib.sha256(path.read_bytes()).hexdigest() != released[name]:
            raise UserError(
                f"{folder} is a former release, but {name} was changed since. Make that change in the course, delete the "
                "changed file or name another folder; nothing was written."
            )


def _manifest(folder: Path) -> dict[str, str]:
    try:
        text = (folder / MANIFEST).read_bytes()
        released: dict[str, str] = json.loads(text)["files"]
    except (OSError, ValueError, KeyError, TypeError):
        raise UserError(
            f"{folder} is not empty and no former release (it has no {MANIFEST} of one). Name a new folder; nothing was "
            "written."
        ) from None
    return {MANIFEST: hashlib.sha256(text).hexdigest(), **released}


def _files_below(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.iterdir()):
        if path.name == KEPT or path.name.endswith(MADE_BY_TRYING):
            continue
        if path.is_dir() and not path.is_symlink():
            yield from _files_below(path)
        else:
            yield path


def _refuse_foreign_archive(path: Path) -> None:
    if not path.exists():
        return
    with contextlib.suppress(OSError, zipfile.BadZipFile), zipfile.ZipFile(path) as archive:
        if any(name == STARTER or name.endswith(f"/{MANIFEST}") for name in archive.namelist()):
            return
    raise UserError(f"{path} is there, and is no former release. Move it away; nothing was written.")
