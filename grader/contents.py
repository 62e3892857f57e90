"""What a file holds, however it is packed: archives, databases, repositories, and the encodings that text comes in."""

import base64
import binascii
import bz2
import contextlib
import gzip
import html
import io
import lzma
import os
import re
import sqlite3
import subprocess
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path

DEPTH = 5
MAX_BYTES = 2**28
_ESCAPE = re.compile(r"\\(u[0-9a-fA-F]{4}|x[0-9a-fA-F]{2}|[nrt\"'\\/])")
_SIMPLE = {"n": "\n", "r": "\r", "t": "\t"}
_BASE64 = re.compile(rb"[A-Za-z0-9+/_-]{24,}={0,2}")


class NotSearched(Exception):
    """Something that cannot be looked into: whether it leaks is not known."""


def contents(path: Path) -> Iterator[tuple[str, bytes | NotSearched]]:
    """(place, bytes) of a file or of everything below a folder, and of what is packed in it; links are not followed."""
    if path.is_symlink():
        yield str(path), os.readlink(path).encode(errors="surrogateescape")
    elif path.is_dir():
        if (path / "HEAD").is_file() and (path / "objects").is_dir():
            yield from _git_objects(path)
        for entry in sorted(path.iterdir()):
            yield from contents(entry)
    elif path.is_file():
        try:
            data = path.read_bytes() if path.stat().st_size <= MAX_BYTES else None
        except OSError as error:
            yield str(path), NotSearched(str(error.strerror))
            return
        yield str(path), data if data is not None else NotSearched("too large")
        yield from _unpacked(str(path), data or b"", DEPTH)
    elif not path.exists():
        yield str(path), NotSearched("there is no such file")


def texts(data: bytes) -> Iterator[str]:
    """The texts that these bytes may stand for: as UTF-8 and UTF-16, with escapes of JSON, Python and HTML undone, in base64."""
    text = data.decode("utf-8", errors="replace")
    yield text
    for _ in range(2):  # JSON in JSON: a notebook's output
        if "\\" not in text:
            break
        text = _ESCAPE.sub(_unescaped, text)
        yield text
    if "&" in text:
        yield html.unescape(text)
    if b"\0" in data:
        for encoding in ("utf-16-le", "utf-16-be"):
            yield data.decode(encoding, errors="replace")
            yield data[1:].decode(encoding, errors="replace")
    joined = data.replace(b"\\n", b"").replace(b"\r", b"").replace(b"\n", b"")
    for match in _BASE64.finditer(joined):
        for start in range(4):  # a word that runs into the code may have shifted it
            part = match[0].rstrip(b"=")[start:].replace(b"-", b"+").replace(b"_", b"/")
            with contextlib.suppress(binascii.Error):
                yield base64.b64decode(part + b"=" * (-len(part) % 4)).decode("utf-8", errors="replace")


def _unescaped(match: "re.Match[str]") -> str:
    code = match[1]
    return chr(int(code[1:], 16)) if code[0] in "ux" and len(code) > 1 else _SIMPLE.get(code, code)


def _unpacked(place: str, data: bytes, depth: int) -> Iterator[tuple[str, bytes | NotSearched]]:
    """What is packed in these bytes, told by how they begin."""
    try:
        parts = list(_members(data))
    except NotSearched as reason:
        yield place, reason
        return
    except Exception as error:  # whatever a broken archive makes its reader raise
        yield place, NotSearched(f"{type(error).__name__}: {error}")
        return
    if parts and depth == 0:
        yield place, NotSearched("packed too deeply")
        return
    for name, part in parts:
        yield f"{place}!/{name}", part
        yield from _unpacked(f"{place}!/{name}", part, depth - 1)


def _members(data: bytes) -> Iterator[tuple[str, bytes]]:
    if data.startswith(b"PK\x03\x04"):
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            for info in archive.infolist():
                yield info.filename, _limited(archive.open(info).read(MAX_BYTES + 1))
    elif data.startswith(b"SQLite format 3\0"):
        yield from _cells(data)
    elif data[257:262] == b"ustar":
        with tarfile.open(fileobj=io.BytesIO(data)) as archive:
            for member in archive:
                file = archive.extractfile(member) if member.isfile() else None
                yield member.name, _limited(file.read(MAX_BYTES + 1)) if file else member.linkname.encode()
    elif data.startswith(b"\x1f\x8b"):
        yield "gz", _limited(gzip.GzipFile(fileobj=io.BytesIO(data)).read(MAX_BYTES + 1))
    elif data.startswith(b"BZh"):
        yield "bz2", _limited(bz2.BZ2Decompressor().decompress(data, MAX_BYTES + 1))
    elif data.startswith(b"\xfd7zXZ\0"):
        yield "xz", _limited(lzma.LZMADecompressor().decompress(data, MAX_BYTES + 1))
    elif data[:2] in (b"\x78\x01", b"\x78\x9c", b"\x78\xda"):
        yield "zlib", _limited(zlib.decompressobj().decompress(data, MAX_BYTES + 1))


def _limited(data: bytes) -> bytes:
    if len(data) > MAX_BYTES:
        raise NotSearched("too large when unpacked")
    return data


def _cells(data: bytes) -> Iterator[tuple[str, bytes]]:
    """Every value of a SQLite database: a long one is not in one piece in the file."""
    with sqlite3.connect(":memory:") as connection:
        connection.deserialize(_rollback_journal(data))
        names = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        for name in names:
            quoted = name.replace('"', '""')
            for row in connection.execute(f'SELECT * FROM "{quoted}"'):
                for value in row:
                    if isinstance(value, str | bytes):
                        yield name, value if isinstance(value, bytes) else value.encode(errors="surrogatepass")
    connection.close()


def _rollback_journal(data: bytes) -> bytes:
    """The database as one without a write-ahead log, which cannot be opened in memory (bytes 18 and 19 say which)."""
    return data[:18] + b"\x01\x01" + data[20:]


def _git_objects(folder: Path) -> Iterator[tuple[str, bytes | NotSearched]]:
    """Every object of a repository, also of commits that no branch leads to any more."""
    command = ["git", "--git-dir", str(folder), "cat-file", "--batch-all-objects", "--batch"]
    try:
        done = subprocess.run(command, capture_output=True, check=True)
    except (OSError, subprocess.CalledProcessError) as error:
        yield str(folder), NotSearched(f"git could not list it: {error}")
        return
    yield f"{folder}!/history", done.stdout
