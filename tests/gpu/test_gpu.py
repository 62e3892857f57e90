"""What has to hold on a machine with a GPU. Without one each of these is skipped, and says so; nothing stands in for it."""

from pathlib import Path

import pytest
import torch

from grader.course import find_course
from grader.draw import Draw
from grader.errors import CheckFailed, OutOfMemory, TimedOut
from grader.sandbox.backend import Sandboxed
from grader.sandbox.client import Usage, Worker
from grader.sandbox.gpu import find_gpus
from grader.sandbox.launch import ForkServer
from grader.sandbox.limits import Limits
from grader.speed.bench import Bench
from grader.speed.device import Device
from grader.speed.measure import measure
from grader.speed.stopwatch import Call

GPUS = find_gpus()
pytestmark = pytest.mark.skipif(
    not GPUS or torch.version.cuda is None, reason="no NVIDIA GPU, or a torch that is built without CUDA"
)
LIMITS = Limits(check_cpu_s=60, check_wall_s=60, total_cpu_s=120, total_wall_s=240)


@pytest.fixture(scope="module")
def server():
    with ForkServer("bwrap", gpu=GPUS[0]) as server:
        yield server


@pytest.fixture(scope="module")
def bench():
    bench = Bench(Device(GPUS[0].name, GPUS[0]), "bwrap")
    yield bench
    bench.close()


@pytest.fixture
def start(server):
    workers = []

    def start(source, limits=LIMITS):
        workers.append(Worker(server, limits, Usage(), bytearray()))
        assert workers[-1].load(source, "f.py", {}).fault is None
        return workers[-1]

    yield start
    for worker in workers:
        worker.kill()


def ask(worker, *arguments):
    outcome = worker.perform("timed", {"name": "f", "args": arguments, "device": "cuda"})
    assert outcome.fault is None, outcome.fault
    return outcome.value


def test_cuda_works_in_the_sandbox_in_float32(start):
    worker = start("import torch\ndef f(x):\n    return x @ x, str(x.device)")
    x = torch.randn(256, 256)
    product, device = ask(worker, x)
    assert device == "cuda:0"
    torch.testing.assert_close(product, x @ x, rtol=1e-4, atol=1e-4)  # TF32 would be off by 1e-2


def test_it_finds_its_own_device_and_no_other(start):
    worker = start("import os\ndef f():\n    return sorted(os.path.join('/dev', name) for name in os.listdir('/dev'))")
    assert ask(worker) == sorted(["/dev/null", "/dev/urandom", *GPUS[0].device_nodes])


def test_it_cannot_change_the_device_files_of_the_machine(start):
    before = {node: Path(node).stat().st_mode for node in GPUS[0].device_nodes}
    worker = start(
        "import os\ndef f(nodes):\n    refused = 0\n    for node in nodes:\n        try:\n            os.chmod(node, 0)\n"
        "        except OSError:\n            refused += 1\n    return refused"
    )
    assert ask(worker, list(before)) == len(before)
    assert {node: Path(node).stat().st_mode for node in GPUS[0].device_nodes} == before


@pytest.mark.parametrize("way", ["os.fork()", "socket.socket()", "os.execv('/bin/sh', ['sh'])", "os.listdir('/root')"])
def test_it_is_confined_as_without_a_gpu(start, way):
    worker = start(f"import os, socket, torch\ntorch\ndef f():\n    torch.zeros(1, device='cuda')\n    {way}")
    outcome = worker.perform("call", {"name": "f", "args": (), "kwargs": {}})
    assert outcome.fault is not None
    assert "Error" in outcome.fault.name


def test_a_kernel_that_hangs_ends_with_its_worker(start):
    limits = Limits(check_cpu_s=4, check_wall_s=8, total_cpu_s=60, total_wall_s=120)
    hung = start("import torch\ndef f():\n    torch.cuda._sleep(10**13)\n    torch.cuda.synchronize()", limits)
    with pytest.raises(TimedOut):
        hung.perform("call", {"name": "f", "args": (), "kwargs": {}})
    next_one = start("import torch\ndef f(x):\n    return x + 1")
    assert ask(next_one, torch.ones(2)).tolist() == [2.0, 2.0]
    assert GPUS[0].memory_used(hung.pid) is None


def test_device_memory_is_capped(start):
    worker = start(
        "import time, torch\ndef f():\n    x = torch.zeros(2**29, device='cuda')\n    time.sleep(30)\n    return x.sum()",
        Limits(gpu_memory_mb=1024, check_cpu_s=60, check_wall_s=60, total_cpu_s=120, total_wall_s=120),
    )
    with pytest.raises(OutOfMemory):
        worker.perform("call", {"name": "f", "args": (), "kwargs": {}})


def race(bench, source, threshold, name="scaled_dot_product_attention"):
    """Race a source for `attention` on the GPU."""
    exercise = find_course(Path(__file__).parent).exercise("attention")
    draw = Draw(3)
    submission = Sandboxed(bench.server("student", GPUS[0]), source, "attention.py", {}, exercise.limits)

    def make():
        return tuple(draw.tensor(8, 8, 256, 64, dtype="float32") for _ in range(3))

    return measure(bench, exercise, Call(name), submission.new_worker, make, threshold, bench.device)


def test_the_reference_is_as_fast_as_itself(bench):
    reference = find_course(Path(__file__).parent).exercise("attention").reference_source
    measured = race(bench, reference, 4.0)
    assert (measured.decided, measured.clock) == (True, "wall_s")


def test_a_loop_is_too_slow(bench):
    reference = find_course(Path(__file__).parent).exercise("attention").reference_source
    loop = (
        "\n\nonce = scaled_dot_product_attention\n\n\ndef scaled_dot_product_attention(query, key, value, keep=None):\n"
        "    rows = [once(query[:, :, [i]], key, value) for i in range(query.shape[2])]\n"
        "    return torch.cat([o for o, _ in rows], 2), torch.cat([w for _, w in rows], 2)\n"
    )
    assert race(bench, reference + loop, 4.0).decided is False


SIDE_STREAM = """
import torch

kept = []


def scaled_dot_product_attention(query, key, value, keep=None):
    stream = torch.cuda.Stream()
    output = torch.empty(*query.shape[:-1], value.shape[-1], device=query.device)
    weights = torch.empty(*query.shape[:-1], key.shape[-2], device=query.device)
    kept.append((output, weights, stream))
    with torch.cuda.stream(stream):
        torch.cuda._sleep(10**9)
        found = torch.softmax(query @ key.mT / query.shape[-1] ** 0.5, -1)
        weights.copy_(found)
        output.copy_(found @ value)
    return output, weights
"""


def test_work_on_a_side_stream_is_waited_for_or_wrong(bench):
    """The bytes are a snapshot: what is written into the returned tensors later does not count."""
    with pytest.raises(CheckFailed):
        race(bench, SIDE_STREAM, 4.0)
