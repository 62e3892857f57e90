"""What a file is by its first bytes, whatever its name says."""

from ..i18n import _
from .tree import Unreadable

# Signatures: https://en.wikipedia.org/wiki/List_of_file_signatures
_SIGNATURES: tuple[tuple[bytes, str], ...] = (
    (b"PK\x03\x04", "zip"),
    (b"PK\x05\x06", "zip"),
    (b"7z\xbc\xaf\x27\x1c", "7z"),
    (b"Rar!\x1a\x07", "rar"),
    (b"\x1f\x8b", "gzip"),
    *((b"BZh%d1AY&SY" % level, "bzip2") for level in range(1, 10)),
    (b"\xfd7zXZ\x00", "xz"),
    (b"\x28\xb5\x2f\xfd", "zstd"),
    (b"%PDF-", "PDF"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "Word or HWP"),
    (b"{\\rtf", "RTF"),
    (b"\x89PNG\r\n", "PNG"),
    (b"\xff\xd8\xff", "JPEG"),
    (b"GIF87a", "GIF"),
    (b"GIF89a", "GIF"),
    (b"\x7fELF", "ELF"),
    (b"MZ", "EXE"),
    (b"\x93NUMPY", "npy"),
    (b"\x89HDF\r\n", "HDF5"),
    (b"SQLite format 3\x00", "SQLite"),
    (b"\x80\x04\x95", "pickle"),
)
_OFFICE = ((b"word/", "docx"), (b"xl/", "xlsx"), (b"ppt/", "pptx"), (b"opendocument", "odt"), (b"hwp+zip", "hwpx"))
_HTML = (b"<!doctype html", b"<html")


def kind_of(data: bytes) -> str | None:
    """The kind of file that these bytes begin, or None: text perhaps."""
    for signature, kind in _SIGNATURES:
        # Two letters may well begin a program: MZ = 1. A binary has control characters near.
        if data.startswith(signature) and (len(signature) > 3 or any(byte < 9 for byte in data[:64])):
            return _office_kind(data) if kind == "zip" else kind
    if data[257:262] == b"ustar":
        return "tar"
    if data[2:4] == b"\r\n" and data[4:7] in (b"\0\0\0", b"\1\0\0", b"\3\0\0"):
        return "pyc"  # a magic number, then 32 bits of flags (PEP 552)
    return "HTML" if data[:512].lstrip(b"\xef\xbb\xbf \t\r\n").lower().startswith(_HTML) else None


def refuse_other_kinds(data: bytes, filename: str) -> None:
    """Raises Unreadable, naming the kind, for bytes that begin another kind of file than a text."""
    kind = kind_of(data)
    if kind is None:
        return
    raise Unreadable(
        _("it is a file of another kind ({kind}), not a Python source; hand in {filename} itself").format(
            kind=kind, filename=filename
        )
    )


def _office_kind(data: bytes) -> str:
    """A zip, or a document that is stored as one: its first names tell."""
    head = data[:4096]
    return next((kind for mark, kind in _OFFICE if mark in head), "zip")
