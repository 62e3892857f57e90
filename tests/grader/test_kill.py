"""kill -9 of the grader's own processes, at random moments: a few of what `make kill` does 200 times."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

PROJECT = Path(__file__).parent.parent.parent


@pytest.mark.timeout(900)
@pytest.mark.skipif(sys.platform != "linux", reason="the sandbox is Linux's")
def test_killed_processes_cost_nobody_a_grade(bwrap_server):
    command = [
        sys.executable,
        str(PROJECT / "benchmarks" / "kill.py"),
        "--times",
        "12",
        "--students",
        "10",
        "--seed",
        "3",
    ]
    done = subprocess.run(
        command, env={"PYTHONPATH": str(PROJECT), "PATH": "/usr/bin:/bin"}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr[-3000:]
    report = json.loads(done.stdout)
    assert report["problems"] == []
    assert report["killed"] == dict.fromkeys(report["killed"], 2)  # two of each of six kinds
    assert len(report["killed"]) == 6
