"""docs/cluster/slurm.py, with a stand-in for SLURM that runs a job's script at once."""

import os
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("dask_jobqueue", reason="dask-jobqueue is not installed")

PROJECT = Path(__file__).resolve().parent.parent.parent
SBATCH = """#!/bin/sh
# The job's script is the last argument. It says what sbatch says, and runs the script.
for script; do :; done
cp "$script" "$SLURM_STAND_IN/job.sh"
setsid bash "$SLURM_STAND_IN/job.sh" > "$SLURM_STAND_IN/job.log" 2>&1 &
echo $! > "$SLURM_STAND_IN/pid"
echo "Submitted batch job 1"
"""
SCANCEL = """#!/bin/sh
kill -- "-$(cat "$SLURM_STAND_IN/pid")"
"""


@pytest.fixture
def slurm(tmp_path):
    for name, script in (("sbatch", SBATCH), ("scancel", SCANCEL)):
        (tmp_path / name).write_text(script)
        (tmp_path / name).chmod(0o755)
    return tmp_path


def test_the_script_gives_workers_that_grade(slurm, tmp_path, require_sandbox):
    course = shutil.copytree(PROJECT / "tests" / "grader" / "toy_course", tmp_path / "course")
    (tmp_path / "class" / "ann").mkdir(parents=True)
    shutil.copy(course / "solutions" / "toy.py", tmp_path / "class" / "ann")
    environment = os.environ | {
        "PATH": f"{slurm}:{os.environ['PATH']}", "SLURM_STAND_IN": str(slurm), "PYTHONPATH": str(PROJECT),
        "DOT2VIT_SECRET": "secret",
    }  # fmt: skip
    workers = subprocess.Popen(
        [sys.executable, PROJECT / "docs/cluster/slurm.py", "--jobs", "1", "--cores", "1", "--memory", "2GB",
         "--course", course, "--port", "0"],
        cwd=tmp_path, env=environment, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        address = re.search(r"--cluster (\S+)", workers.stdout.readline())[1]
        done = subprocess.run(
            [sys.executable, "-m", "grader", "batch", tmp_path / "class", "--only", "toy", "--cluster", address],
            cwd=course, env=environment, capture_output=True, text=True, timeout=200, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr + (slurm / "job.log").read_text()
        assert re.search(r"ann\s+10", done.stdout)
        job = (slurm / "job.sh").read_text()
        assert "#SBATCH --mem=2G" in job
        assert f"export DOT2VIT_COURSE={course}" in job
    finally:
        workers.send_signal(signal.SIGINT)
        workers.wait(timeout=60)
        workers.stdout.close()
