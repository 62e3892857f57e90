"""A Dask scheduler and its workers as processes of this machine, each of which may be killed."""

import os
import socket
import subprocess
import sys
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent


class Loopback:
    """Started as their documentation says; what they print is in FOLDER/NAME.log.

    course: the folder of the course that workers grade. protocol: tcp or tls. environment: of all of them, beside one's own.
    """

    def __init__(self, folder: Path, course: Path, protocol: str = "tcp", environment: dict[str, str] | None = None):
        self.folder, self.course, self.environment = folder, course, environment or {}
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        self.address = f"{protocol}://127.0.0.1:{port}"
        self.scheduler = self._start(
            "scheduler", {}, "dask_scheduler", "--host", f"{protocol}://127.0.0.1", "--port", port, "--no-dashboard"
        )
        self.workers: dict[str, subprocess.Popen[bytes]] = {}

    def add_worker(
        self, name: str, threads: int = 1, nanny: bool = False, environment: dict[str, str] | None = None
    ) -> "subprocess.Popen[bytes]":
        here = self.folder / name
        here.mkdir(exist_ok=True)
        self.workers[name] = self._start(
            name, {"DOT2VIT_COURSE": str(self.course)} | (environment or {}),
            "dask_worker", self.address, "--name", name, "--nthreads", threads, "--nanny" if nanny else "--no-nanny",
            "--no-dashboard", "--local-directory", here,
        )  # fmt: skip
        return self.workers[name]

    @property
    def living(self) -> list[str]:
        """The names of the workers that nobody has ended."""
        return [name for name, worker in self.workers.items() if worker.poll() is None]

    def close(self) -> None:
        """End them all: workers may say goodbye (a nanny ends its worker with it), the scheduler need not."""
        for worker in self.workers.values():
            worker.terminate()
        for worker in self.workers.values():
            try:
                worker.wait(timeout=5)
            except subprocess.TimeoutExpired:
                worker.kill()
                worker.wait()
        self.scheduler.kill()
        self.scheduler.wait()

    def _start(
        self, name: str, environment: dict[str, str], module: str, *arguments: object
    ) -> "subprocess.Popen[bytes]":
        with open(self.folder / f"{name}.log", "ab") as log:
            return subprocess.Popen(
                [sys.executable, "-m", f"distributed.cli.{module}", *map(str, arguments)],
                cwd=self.folder, env=os.environ | {"PYTHONPATH": str(PROJECT)} | self.environment | environment,
                stdout=log, stderr=log, start_new_session=True,
            )  # fmt: skip
