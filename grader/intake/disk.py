"""Folders and files on disk: opened so that no link is followed, no FIFO or device is waited for, no giant is read."""

import errno
import os
import stat
from pathlib import Path

from ..i18n import _
from .names import text_of
from .tree import File, Node, Unreadable, broken


class DiskFolder:
    """A folder below a root. The root is the instructor's and may be a link; nothing below it is followed.

    parts: the names on the way down, as the file system has them (any bytes, as os.fsdecode gives them).
    """

    def __init__(self, root: Path, parts: tuple[str, ...] = ()) -> None:
        self.root, self.parts = root, parts

    @property
    def name(self) -> str:
        return text_of(self.parts[-1] if self.parts else self.root.name)

    def entries(self) -> list[Node]:
        """What lies in it, in the order of names. Raises Unreadable."""
        try:
            descriptor = self._open()
            try:
                with os.scandir(descriptor) as found:
                    return [self._node(entry) for entry in sorted(found, key=lambda entry: entry.name)]
            finally:
                os.close(descriptor)
        except OSError as error:
            raise Unreadable(reason(error)) from None

    def file(self, name: str) -> File:
        """The file of this name, whether it is there or not: reading it says."""
        return File(text_of(name), lambda limit: self._read(name, limit))

    def _node(self, entry: "os.DirEntry[str]") -> Node:
        name = text_of(entry.name)
        try:
            if entry.is_symlink() and not entry.is_dir():  # opening a folder says that it is a link
                return broken(name, _("it is a symbolic link, which is not followed; hand in the file itself"))
            if entry.is_dir():
                return DiskFolder(self.root, (*self.parts, entry.name))
            status = entry.stat(follow_symlinks=False)
        except OSError as error:
            return broken(name, reason(error))
        if not stat.S_ISREG(status.st_mode):
            return broken(name, _("it is not a regular file"))
        changed = status.st_mtime
        return File(name, lambda limit: self._read(entry.name, limit), (changed,), changed_at=changed)

    def _open(self) -> int:
        """A descriptor of the folder: each step is opened from the one above, so that no link can be put in the way."""
        descriptor = os.open(self.root, os.O_RDONLY | os.O_DIRECTORY)
        for part in self.parts:
            above = descriptor
            try:
                descriptor = os.open(part, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=above)
            except OSError as error:
                if error.errno in (errno.ELOOP, errno.ENOTDIR):
                    raise Unreadable(_("the folder is a symbolic link, which is not followed")) from None
                raise
            finally:
                os.close(above)
        return descriptor

    def _read(self, name: str, limit: int) -> bytes:
        """A regular file's bytes. Raises Unreadable; FileNotFoundError when it is not there."""
        try:
            folder = self._open()
            try:
                descriptor = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY, dir_fd=folder)
            finally:
                os.close(folder)
            with open(descriptor, "rb") as file:
                status = os.fstat(descriptor)
                if stat.S_ISDIR(status.st_mode):
                    raise Unreadable(_("it is a folder; hand in a file"))
                if not stat.S_ISREG(status.st_mode):
                    raise Unreadable(_("it is not a regular file"))
                if status.st_size > limit:
                    raise Unreadable(too_large(limit))
                data = file.read(limit + 1)
        except FileNotFoundError:
            raise
        except OSError as error:
            if error.errno == errno.ELOOP:
                raise Unreadable(_("it is a symbolic link, which is not followed; hand in the file itself")) from None
            raise Unreadable(reason(error)) from None
        if len(data) > limit:  # it grew while it was read
            raise Unreadable(too_large(limit))
        return data


def read_own(path: Path, limit: int) -> bytes:
    """A file of whoever asks, on their own machine: links are followed, and it works on Windows, which has no dir_fd.

    Raises Unreadable; FileNotFoundError when it is not there.
    """
    try:
        status = path.stat()
        if stat.S_ISDIR(status.st_mode):
            raise Unreadable(_("it is a folder; hand in a file"))
        if not stat.S_ISREG(status.st_mode):
            raise Unreadable(_("it is not a regular file"))
        if status.st_size > limit:
            raise Unreadable(too_large(limit))
        return path.read_bytes()
    except FileNotFoundError:
        raise
    except OSError as error:
        raise Unreadable(reason(error)) from None


def too_large(limit: int) -> str:
    return _("it is larger than {limit} kB").format(limit=limit // 1024)


def reason(error: OSError) -> str:
    return os.strerror(error.errno) if error.errno else str(error)
