"""grader/speed/device.py: what speed is judged on, and the lock of a GPU."""

import os
import platform
import select
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from grader.errors import GraderFault, UserError
from grader.sandbox.gpu import Gpu
from grader.speed import device
from grader.speed.device import UNTIMED, Device, choose, lock_path, of_kind, processor, reserved

PROJECT = Path(__file__).parent.parent.parent
H100 = Gpu("NVIDIA H100 80GB HBM3", "GPU-1", 0, 80 * 2**30)
A100 = Gpu("NVIDIA A100-SXM4-40GB", "GPU-2", 3, 40 * 2**30)


@pytest.fixture
def machine(monkeypatch):
    """machine(GPU, …, cuda="12.8"): a machine with these GPUs, and a torch that is built for CUDA or not."""

    def have(*gpus, cuda="12.8"):
        monkeypatch.setattr(device, "find_gpus", lambda: list(gpus))
        monkeypatch.setattr(torch.version, "cuda", cuda)

    return have


def test_a_processor_is_called_by_its_architecture():
    assert processor() == Device(f"cpu {platform.machine()}", None)


@pytest.mark.parametrize(
    "wanted, chosen",
    [
        ("auto", Device(H100.name, H100)),
        ("cuda", Device(H100.name, H100)),
        ("cuda:0", Device(H100.name, H100)),
        ("cuda:1", Device(A100.name, A100)),
        ("cpu", processor()),
        ("none", UNTIMED),
    ],
)
def test_every_word_on_a_machine_with_two_gpus(machine, wanted, chosen):
    machine(H100, A100)
    assert choose(wanted) == chosen


@pytest.mark.parametrize("wanted, chosen", [("auto", processor()), ("cpu", processor()), ("none", UNTIMED)])
def test_without_a_gpu_speed_is_judged_on_the_processor(machine, wanted, chosen):
    machine()
    assert choose(wanted) == chosen


def test_a_gpu_that_torch_cannot_use_is_none(machine):
    machine(H100, cuda=None)
    assert choose("auto") == processor()
    with pytest.raises(UserError, match="built without CUDA"):
        choose("cuda")


@pytest.mark.parametrize("wanted", ["auto", "cuda", "cuda:0"])
def test_a_gpu_that_has_to_be_there_and_is_not_stops_the_run(machine, wanted):
    machine()
    with pytest.raises(UserError, match=r"No GPU can be used: no NVIDIA driver .*--device cpu"):
        choose(wanted, require_gpu=True)


@pytest.mark.parametrize("wanted", ["cpu", "none"])
def test_a_gpu_cannot_be_required_of_another_device(machine, wanted):
    machine(H100)
    with pytest.raises(UserError, match=f"--require-gpu and --device {wanted} exclude each other"):
        choose(wanted, require_gpu=True)


def test_a_gpu_that_has_to_be_there_and_is_is_chosen(machine):
    machine(H100)
    assert choose("auto", require_gpu=True) == choose("cuda", require_gpu=True) == Device(H100.name, H100)


@pytest.mark.parametrize("wanted", ["", "gpu", "CPU", "cpu:0", "auto:1", "cud", "cuda0", "none ", "mps", "cuda-0"])
def test_another_word_is_no_device(machine, wanted):
    machine(H100)
    with pytest.raises(UserError, match="There is no device"):
        choose(wanted)


@pytest.mark.parametrize("wanted", ["cuda:2", "cuda:-1", "cuda:x", "cuda:0:0", "cuda:1.5", "cuda: 1"])
def test_a_number_that_no_gpu_has(machine, wanted):
    machine(H100, A100)
    with pytest.raises(UserError, match="this machine has 2, counted from 0"):
        choose(wanted)


def test_the_device_that_a_record_names(machine):
    machine(H100, A100)
    for chosen in (UNTIMED, processor(), Device(H100.name, H100), Device(A100.name, A100)):
        assert of_kind(chosen.kind) == chosen
    with pytest.raises(UserError, match=f"This machine has no TPU; its devices: untimed, .*{A100.name}"):
        of_kind("TPU")
    machine()
    with pytest.raises(UserError, match=f"This machine has no {H100.name}"):
        of_kind(H100.name)


# What another process does: says that it waits, holds the GPU until it is told to go on, writes what it did and when.
HOLDER = """
import os, sys
from grader.errors import GraderFault
from grader.sandbox.gpu import Gpu
from grader.speed import device

def note(what):
    with open(os.environ["DOT2VIT_LOCKS"] + "/diary", "a") as diary:
        diary.write(sys.argv[1] + " " + what + "\\n")

device.LEASE_SECONDS = float(sys.argv[2])
print("waits", flush=True)
try:
    with device.reserved(device.Device("fake", Gpu("fake", "GPU-fake", 0, 1))):
        note("in")
        print("holds", flush=True)
        sys.stdin.readline()
        note("out")
except GraderFault as fault:
    print(fault, flush=True)
"""
FAKE = Device("fake", Gpu("fake", "GPU-fake", 0, 1))


@pytest.fixture
def locks(tmp_path, monkeypatch):
    monkeypatch.setenv("DOT2VIT_LOCKS", str(tmp_path))
    return tmp_path


@pytest.fixture
def holder(locks):
    """holder(name, lease=…): another process that reserves the fake GPU."""
    started = []

    def start(name, lease=30.0):
        command = [sys.executable, "-c", HOLDER, name, str(lease)]
        env = {**os.environ, "PYTHONPATH": str(PROJECT)}
        process = subprocess.Popen(
            command, env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1
        )
        started.append(process)
        assert process.stdout.readline() == "waits\n"
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


def diary(locks):
    return (locks / "diary").read_text().splitlines()


def says_nothing_for(process, seconds):
    return not select.select([process.stdout], [], [], seconds)[0]


def test_a_gpu_is_one_process_s_at_a_time(locks, holder):
    first = holder("first")
    assert first.stdout.readline() == "holds\n"
    second = holder("second")
    assert says_nothing_for(second, 0.5)
    first.stdin.write("\n")
    assert second.stdout.readline() == "holds\n"
    second.communicate("\n")
    assert diary(locks) == ["first in", "first out", "second in", "second out"]
    assert not lock_path(FAKE.gpu).exists()


def test_what_a_killed_process_held_is_free_again(locks, holder):
    first = holder("first", lease=0.5)
    assert first.stdout.readline() == "holds\n"
    first.kill()
    first.wait()
    assert lock_path(FAKE.gpu).exists()
    second = holder("second", lease=0.5)
    assert second.stdout.readline() == "holds\n"
    second.communicate("\n")
    assert diary(locks) == ["first in", "second in", "second out"]


def test_a_lease_is_renewed_for_as_long_as_its_owner_works(holder):
    first = holder("first", lease=0.5)
    assert first.stdout.readline() == "holds\n"
    second = holder("second", lease=0.5)
    assert says_nothing_for(second, 2.0)


def test_a_process_that_slept_through_its_lease_is_told_that_its_times_are_worth_nothing(locks, holder):
    """Even where it goes on so shortly that no renewal comes in between."""
    first = holder("first", lease=0.5)
    assert first.stdout.readline() == "holds\n"
    first.send_signal(signal.SIGSTOP)
    second = holder("second", lease=0.5)
    assert second.stdout.readline() == "holds\n"
    first.stdin.write("\n")
    first.stdin.flush()
    first.send_signal(signal.SIGCONT)
    assert "another process took the GPU fake in the middle" in first.stdout.readline()
    assert lock_path(FAKE.gpu).exists()  # the second one's
    second.communicate("\n")
    assert diary(locks)[-1] == "second out"


def test_a_gpu_that_does_not_become_free_is_the_grader_s_fault_and_names_its_owner(locks, holder, monkeypatch):
    first = holder("first", lease=60.0)
    assert first.stdout.readline() == "holds\n"
    monkeypatch.setattr(device, "WAIT_SECONDS", 0.2)
    with pytest.raises(GraderFault, match=rf"process {first.pid} on .*for more than 0\.2 s") as told, reserved(FAKE):
        pass
    assert str(lock_path(FAKE.gpu)) in str(told.value)


def test_what_was_held_is_free_again_after_an_error(locks):
    with pytest.raises(ZeroDivisionError), reserved(FAKE):
        assert lock_path(FAKE.gpu).exists()
        raise ZeroDivisionError
    assert not lock_path(FAKE.gpu).exists()


def test_each_gpu_has_a_lock_of_its_own(locks):
    with reserved(Device(H100.name, H100)), reserved(Device(A100.name, A100)):
        assert sorted(path.name for path in locks.iterdir()) == ["dot2vit-GPU-1.lock", "dot2vit-GPU-2.lock"]


def test_a_processor_needs_no_lock(locks):
    with reserved(processor()), reserved(processor()), reserved(UNTIMED):
        assert not list(locks.iterdir())
