"""What the integration tests share: servers, started for the tests and ended with them."""

import itertools
import os
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

import pytest

from grader.sandbox.launch import check_available

NOBODY = 65534
CALM = ["-c", "listen_addresses=", "-c", "fsync=off", "-c", "max_connections=20"]  # a socket in its own folder, no port


@pytest.fixture(scope="session")
def require_sandbox():
    """Skips where submissions cannot be confined."""
    try:
        check_available("bwrap")
    except Exception as error:
        pytest.skip(f"no sandbox: {error}")


def _postgres_programs():
    """The folder of initdb and postgres; skips where there is none."""
    for found in [shutil.which("initdb"), *sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), reverse=True)]:
        if found:
            return Path(found).resolve().parent
    pytest.skip("PostgreSQL is not installed (initdb is neither on the PATH nor in /usr/lib/postgresql)")


@pytest.fixture(scope="session")
def postgresql_server():
    """A PostgreSQL of our own, run by an ordinary user: the URL of its maintenance database."""
    pytest.importorskip("psycopg")
    programs = _postgres_programs()
    if os.geteuid() == 0 and not shutil.which("setpriv"):
        pytest.skip("PostgreSQL refuses to run as root, and there is no setpriv to become another user")
    folder = Path(tempfile.mkdtemp(prefix="dot2vit-pg-"))  # short: the path of a socket holds 107 bytes
    become = []
    if os.geteuid() == 0:
        os.chown(folder, NOBODY, NOBODY)
        become = ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"]
    server = None
    try:
        data = folder / "data"
        made = subprocess.run(
            [
                *become,
                programs / "initdb",
                "-D",
                data,
                "-U",
                "postgres",
                "-A",
                "trust",
                "-E",
                "UTF8",
                "--no-locale",
                "-N",
            ],
            capture_output=True,
            text=True,
            cwd=folder,
            check=False,
        )
        assert made.returncode == 0, made.stderr
        with open(folder / "log", "w") as log:
            command = [*become, programs / "postgres", "-D", data, "-k", folder, *CALM]
            server = subprocess.Popen(command, stdout=log, stderr=log, cwd=folder)
        _wait_for(server, folder)
        yield f"postgresql://postgres@/postgres?host={folder}"
    finally:
        if server is not None:
            server.terminate()
            server.wait(timeout=30)
        shutil.rmtree(folder, ignore_errors=True)


def _wait_for(server, folder):
    import psycopg

    for _ in range(1200):
        assert server.poll() is None, (folder / "log").read_text()
        try:
            psycopg.connect(host=str(folder), user="postgres", dbname="postgres").close()
            return
        except psycopg.OperationalError:
            time.sleep(0.1)
    raise AssertionError((folder / "log").read_text())


_numbers = itertools.count(1)


@pytest.fixture
def postgresql_url(postgresql_server):
    """The SQLAlchemy URL of an empty database."""
    import psycopg

    name = f"test_{next(_numbers)}"
    with psycopg.connect(postgresql_server, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    return postgresql_server.replace("/postgres?", f"/{name}?")
