"""Zips, read where they lie: nothing is unpacked to disk, and every read has a limit."""

import io
import re
import stat
import sys
import zipfile
from collections.abc import Iterator
from typing import BinaryIO

from ..i18n import _
from .disk import too_large
from .kinds import kind_of
from .names import extension, text_of
from .tree import File, Found, Node, Unreadable, broken

MAX_ZIP = 64 * 2**20  # bytes of a student's zips together: they are held in memory while the student is read
MAX_NESTED = 2  # a zip, and a zip in it
CLASS_DIRECTORY = 16 * 2**20  # bytes that list a zip's members, at some 100 a member
STUDENT_DIRECTORY = 2**20
MAX_RATIO = 200  # text rarely shrinks more than tenfold

_OTHER_ARCHIVES = {".7z", ".rar", ".gz", ".tgz", ".tar", ".bz2", ".xz", ".zst", ".alz", ".egg"}
_METHODS = {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}
_DRIVE = re.compile(r"[A-Za-z]:")
_UTF_8_NAME, _ENCRYPTED = 0x800, 0x1


class ZipFolder:
    """A folder in a zip: the members below it, each with the rest of its path."""

    def __init__(
        self, archive: zipfile.ZipFile, name: str, members: list[tuple[tuple[str, ...], zipfile.ZipInfo]]
    ) -> None:
        self._archive, self._name, self._members = archive, name, members

    @property
    def name(self) -> str:
        return self._name

    def entries(self) -> list[Node]:
        """What lies in it, in the order of the zip. Of two members of one name both are given, the later one later."""
        nodes: list[Node] = []
        below: dict[str, list[tuple[tuple[str, ...], zipfile.ZipInfo]]] = {}
        for order, (parts, info) in enumerate(self._members):
            if len(parts) > 1:
                below.setdefault(parts[0], [])
                if parts[1]:  # an entry of the folder itself ends in "/"
                    below[parts[0]].append((parts[1:], info))
            else:
                nodes.append(self._file(parts[0], info, order))
        return [*(ZipFolder(self._archive, name, members) for name, members in below.items()), *nodes]

    def _file(self, name: str, info: zipfile.ZipInfo, order: int) -> File:
        problem = _problem_of(info)
        if problem:
            return broken(name, problem)
        return File(name, lambda limit: self._read(info, limit), (*info.date_time, order))

    def _read(self, info: zipfile.ZipInfo, limit: int) -> bytes:
        if info.file_size > limit:
            raise Unreadable(too_large(limit))
        if info.file_size > MAX_RATIO * max(info.compress_size, 1024):
            raise Unreadable(_("it is compressed more than {ratio} times, as a zip bomb is").format(ratio=MAX_RATIO))
        try:
            with self._archive.open(info) as member:
                data = member.read(limit + 1)
        except Exception as error:  # zipfile raises what it pleases on a damaged file; whatever it is, it is the file's
            raise Unreadable(_damaged(error)) from None
        if len(data) > limit:
            raise Unreadable(too_large(limit))
        return data


class _Bounded(io.RawIOBase):
    """A file that gives no more than `most` bytes at a time: zipfile reads the list of members in one go."""

    def __init__(self, file: BinaryIO, most: int) -> None:
        self._file, self.most = file, most

    def read(self, size: int | None = -1, /) -> bytes:
        if size is None or size < 0:
            size = self.most + 1
        data = self._file.read(min(size, self.most + 1))
        if len(data) > self.most:
            raise zipfile.BadZipFile("its list of members is far too long")
        return data

    def seek(self, offset: int, whence: int = 0, /) -> int:
        return self._file.seek(offset, whence)

    def tell(self) -> int:
        return self._file.tell()

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True


def open_zip(file: BinaryIO, name: str, most: int) -> ZipFolder:
    """A zip as a folder; `most` bytes may list its members. Raises Unreadable."""
    bounded = _Bounded(file, most)
    try:
        archive = zipfile.ZipFile(bounded)
    except Exception as error:
        raise Unreadable(_damaged(error)) from None
    bounded.most = sys.maxsize - 1  # a member's own limit holds from here
    return ZipFolder(archive, name, list(_members(archive)))


class ArchiveOpener:
    """`Walk.open_archive` for one student: opens zips, refuses other archives, and keeps count of the bytes."""

    def __init__(self) -> None:
        self._left = MAX_ZIP

    def __call__(self, found: Found) -> ZipFolder | None:
        suffix = extension(found.file.name)
        if suffix in _OTHER_ARCHIVES:
            raise Unreadable(_not_opened(suffix[1:]))
        if suffix != ".zip":
            return None
        if sum(extension(name) == ".zip" for name in found.where) >= MAX_NESTED:
            raise Unreadable(_("it is a zip in a zip in a zip, which is not opened; hand in the files themselves"))
        data = found.file.read(self._left)
        self._left -= len(data)
        if data.startswith(b"PK"):
            return open_zip(io.BytesIO(data), found.file.name, STUDENT_DIRECTORY)
        kind = kind_of(data)
        raise Unreadable(_not_opened(kind) if kind else _("it is no zip, whatever its name says"))


def _not_opened(kind: str) -> str:
    return _("files of this kind ({kind}) are not opened; hand in the files themselves, or a zip").format(kind=kind)


def _members(archive: zipfile.ZipFile) -> Iterator[tuple[tuple[str, ...], zipfile.ZipInfo]]:
    """Members by the parts of their path, a folder's own entry with an empty last one.

    Those whose path leads elsewhere lie at the top, and cannot be read.
    """
    for info in archive.infolist():
        path = _path(info)
        parts = [part for part in path.split("/") if part not in ("", ".")]
        if not parts:
            continue
        if _leads_out(path):
            yield (parts[-1],), info
        else:
            yield (*parts, "") if path.endswith("/") else tuple(parts), info


def _path(info: zipfile.ZipInfo) -> str:
    """A member's path. Without the flag for UTF-8 it is in whatever encoding its maker spoke, shown by zipfile as CP437."""
    stored = info.orig_filename
    encoding = "utf-8" if info.flag_bits & _UTF_8_NAME else "cp437"
    try:
        raw = stored.encode(encoding)
    except UnicodeEncodeError:
        raw = stored.encode("utf-8", "backslashreplace")
    return text_of(raw.replace(b"\\", b"/"))  # Windows' own separator, in some makers' zips


def _leads_out(path: str) -> bool:
    return path.startswith("/") or ".." in path.split("/") or bool(_DRIVE.match(path))


def _problem_of(info: zipfile.ZipInfo) -> str:
    """Why a member cannot be read, or nothing."""
    kind = stat.S_IFMT(info.external_attr >> 16)
    if _leads_out(_path(info)):
        return _("its path in the zip leads out of it; zip the files of one folder again")
    if kind == stat.S_IFLNK:
        return _("it is a symbolic link, which is not followed; hand in the file itself")
    if kind and kind != stat.S_IFREG:
        return _("it is not a regular file")
    if info.flag_bits & _ENCRYPTED:
        return _("it is encrypted; hand it in without a password")
    if info.compress_type not in _METHODS:
        return _("it is compressed in a way that is not read; make the zip anew in the usual way")
    return ""


def _damaged(error: Exception) -> str:
    said = str(error)[:80]
    return _("the zip is damaged or incomplete ({error}); hand it in again").format(
        error=f"{type(error).__name__}: {said}" if said else type(error).__name__
    )
