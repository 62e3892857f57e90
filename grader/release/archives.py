"""A zip and a wheel of the bundle, the same bytes on every machine: sorted, stored, with times of their own.

The wheel is written here and not by a build back end: those stamp their own version into it, and need the network.
Its format: https://packaging.python.org/en/latest/specifications/binary-distribution-format/.
"""

import base64
import hashlib
import io
import time
import tomllib
import zipfile
from typing import Any

YEAR_2020 = 1_577_836_800  # seconds since 1970
STARTER = "grader/starter.zip"
MODE = 0o100644


def stamp(data: bytes) -> int:
    """The time of a file, in seconds since 1970: on the first of January 2020, at an hour that its content gives.

    Not the same for all: Python takes compiled code for fresh as long as size and time of its source are the same.
    """
    return YEAR_2020 + int.from_bytes(hashlib.sha256(data).digest()[:4], "big") % 86_400 // 2 * 2  # zip counts in twos


def zip_of(files: dict[str, bytes], folder: str = "") -> bytes:
    """A zip of these files, in a folder of this name. Stored, as compressors differ from machine to machine."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for path, data in files.items():
            info = zipfile.ZipInfo(f"{folder}/{path}" if folder else path, time.gmtime(stamp(data))[:6])
            info.create_system = 3  # Unix: the mode counts
            info.external_attr = MODE << 16
            archive.writestr(info, data)
    return buffer.getvalue()


def wheel_name(files: dict[str, bytes]) -> str:
    project = _project(files)
    return f"{project['name']}-{project['version']}-py3-none-any.whl"


def wheel_of(files: dict[str, bytes], starter: dict[str, bytes]) -> bytes:
    """The grader of a bundle as a wheel; it carries the rest as a zip, which `grader start` unpacks."""
    project = _project(files)
    info = f"{project['name']}-{project['version']}.dist-info"
    inside = {path: data for path, data in files.items() if path.startswith("grader/")}
    inside[STARTER] = zip_of(starter)
    inside[f"{info}/METADATA"] = _metadata(project, files["README.md"]).encode()
    inside[f"{info}/WHEEL"] = (
        b"Wheel-Version: 1.0\nGenerator: grader release\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
    )
    inside[f"{info}/entry_points.txt"] = _entry_points(project).encode()
    inside[f"{info}/LICENSE"] = files["LICENSE"]
    record = "".join(f"{path},sha256={_digest(data)},{len(data)}\n" for path, data in inside.items())
    inside[f"{info}/RECORD"] = f"{record}{info}/RECORD,,\n".encode()
    return zip_of(inside)


def _project(files: dict[str, bytes]) -> dict[str, Any]:
    table: dict[str, Any] = tomllib.loads(files["pyproject.toml"].decode())["project"]
    return table


def _metadata(project: dict[str, Any], readme: bytes) -> str:
    lines = [
        "Metadata-Version: 2.1",
        f"Name: {project['name']}",
        f"Version: {project['version']}",
        f"Summary: {project['description']}",
        f"Requires-Python: {project['requires-python']}",
        *(f"Requires-Dist: {one}" for one in project["dependencies"]),
        "Description-Content-Type: text/markdown",
    ]
    return "\n".join(lines) + "\n\n" + readme.decode()


def _entry_points(project: dict[str, Any]) -> str:
    groups = {"console_scripts": project["scripts"], **project["entry-points"]}
    return "\n".join(
        f"[{group}]\n" + "".join(f"{name} = {place}\n" for name, place in entries.items())
        for group, entries in groups.items()
    )


def _digest(data: bytes) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
