"""When is a file saved? The system's events say so; where none arrive, the files are looked at again and again.

watchfiles carries both (inotify, FSEvents, ReadDirectoryChangesW, polling); its own guess is only "is this WSL?".
"""

import os
import sys
import threading
from collections.abc import Callable, Iterable
from pathlib import Path

import watchfiles

# File systems whose changes are made elsewhere, or reach the kernel by a way that gives no events.
NO_EVENTS = {"9p", "drvfs", "nfs", "nfs4", "cifs", "smb3", "smbfs", "afs", "vboxsf", "virtiofs", "fakeowner", "lustre"}
NO_EVENTS_PREFIX = "fuse."  # sshfs, grpcfuse, a cloud's drive: some give events, none promises to
STEP_MS = 10  # without another event for so long, a save is complete
GROUP_MS = 100  # …and at most so long is waited for that
POLL_MS = 200
FORCED = "WATCHFILES_FORCE_POLLING"


class SaveWatcher:
    """A thread that tells which of some file names were written, made or removed in some folders.

    why_polling: the reason, where the files are looked at again and again; "" where events do it.
    """

    def __init__(self, folders: Iterable[Path], names: Iterable[str], on_saved: Callable[[set[str]], None]) -> None:
        """on_saved is called in the thread, with the names."""
        self._folders, self._names, self._on_saved = list(folders), frozenset(names), on_saved
        self._stop = threading.Event()
        self.why_polling = polling_reason(self._folders)
        self._thread = threading.Thread(target=self._run, name="save-watcher", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()

    def _run(self) -> None:
        try:
            self._follow(polling=bool(self.why_polling))
        except (OSError, RuntimeError):  # no inotify watch is left on this machine, or a fault of the library's own
            self._follow(polling=True)

    def _follow(self, polling: bool) -> None:
        for changes in watchfiles.watch(
            *self._folders,
            watch_filter=lambda change, path: Path(path).name in self._names,
            debounce=GROUP_MS,
            step=STEP_MS,
            stop_event=self._stop,
            raise_interrupt=False,
            force_polling=polling,
            poll_delay_ms=POLL_MS,
            recursive=False,
        ):
            self._on_saved({Path(path).name for _change, path in changes})


def folders_of(files: Iterable[Path], *more: Path) -> list[Path]:
    """The folders to look at: those of these files, also of what a link points to, and some more."""
    wanted = [*more]
    for file in files:
        wanted += [file.parent, file.resolve().parent]
    return [folder for folder in dict.fromkeys(folder.resolve() for folder in wanted) if folder.is_dir()]


def polling_reason(folders: Iterable[Path]) -> str:
    """Why events cannot be relied on in one of these folders; "" where they can. The environment has the first word."""
    forced = os.environ.get(FORCED, "")
    if forced:
        return "" if forced.lower() in ("false", "disable", "disabled") else FORCED
    for folder in folders:
        kind = file_system_of(folder)
        if kind in NO_EVENTS or kind.startswith(NO_EVENTS_PREFIX):
            return kind
    return ""


def file_system_of(folder: Path, mounts: Path = Path("/proc/self/mountinfo")) -> str:
    """The type of the file system that a folder lies on, as the kernel names it; "" where that is not known.

    Elsewhere than on Linux the path tells: network drives are //server/share on Windows, and stand in /Volumes on macOS.
    """
    if str(folder).startswith(("\\\\", "//")):
        return "smbfs"
    if sys.platform == "darwin":
        return "smbfs" if folder.is_relative_to("/Volumes") else ""
    try:
        lines = mounts.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return ""
    best, found = -1, ""
    for line in lines:
        before, _dash, after = line.partition(" - ")
        fields = before.split()
        if len(fields) < 5 or not after:
            continue
        point = fields[4].replace("\\040", " ")
        if folder.is_relative_to(point) and len(point) >= best:  # a later mount on the same point lies on top
            best, found = len(point), after.split()[0]
    return found
