"""What speed is judged on: this machine's processor, or one GPU of it, which one check at a time may use."""

import contextlib
import os
import platform
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ..errors import GraderFault, UserError
from ..sandbox.gpu import Gpu, find_gpus

# filelock's lease: a claim that its owner renews; one that was not renewed for so long has expired, whatever its owner does.
LEASE_SECONDS = 60.0
WAIT_SECONDS = 1800.0


@dataclass(frozen=True)
class Device:
    """A kind of device, by the name that its thresholds have, and the GPU where it is one."""

    kind: str
    gpu: Gpu | None = None


# No speed is judged: a speed check asks for right answers alone.
UNTIMED = Device("untimed")


def processor() -> Device:
    """This machine's CPU. Ratios to a reference hardly differ between models, but do between architectures."""
    return Device(f"cpu {platform.machine()}")


def choose(wanted: str, require_gpu: bool = False) -> Device:
    """The device for "auto", "cpu", "cuda", "cuda:INDEX" or "none" (no speed is judged).

    Raises UserError for another word, and where a GPU is asked for that is not there or that torch cannot use.
    """
    if wanted not in ("auto", "cpu", "none") and wanted.partition(":")[0] != "cuda":
        raise UserError(f"There is no device {wanted!r}. Choose from: auto, cpu, cuda, cuda:1 …, none.")
    if wanted in ("cpu", "none"):
        if require_gpu:
            raise UserError(f"--require-gpu and --device {wanted} exclude each other.")
        return processor() if wanted == "cpu" else UNTIMED
    gpus = find_gpus()
    problem = _why_no_gpu(gpus)
    if problem and wanted == "auto" and not require_gpu:
        return processor()
    if problem:
        raise UserError(f"No GPU can be used: {problem}. Use --device cpu, or leave --require-gpu out.")
    index = wanted.partition(":")[2] or "0"
    if not index.isdigit() or int(index) >= len(gpus):
        raise UserError(f"There is no GPU {index!r}; this machine has {len(gpus)}, counted from 0.")
    gpu = gpus[int(index)]
    return Device(gpu.name, gpu)


def of_kind(kind: str) -> Device:
    """The device that a record names. Raises UserError where this machine has none of that kind."""
    here = [UNTIMED, processor(), *(Device(gpu.name, gpu) for gpu in find_gpus())]
    for device in here:
        if device.kind == kind:
            return device
    raise UserError(f"This machine has no {kind}; its devices: {', '.join(device.kind for device in here)}.")


def _why_no_gpu(gpus: list[Gpu]) -> str:
    if not gpus:
        return "no NVIDIA driver answers (or nvidia-ml-py is not installed: pip install 'dot2vit[gpu]')"
    import torch  # only here, on a machine that has a GPU: the import takes seconds

    return "" if torch.version.cuda else f"the torch installed here ({torch.__version__}) is built without CUDA"


@contextlib.contextmanager
def reserved(device: Device) -> Iterator[None]:
    """Hold the device while this lasts; a CPU needs no such thing, for its clock is each process's own.

    One timed check at a time on a GPU, across processes and users. Raises GraderFault when it stays another's for too long.
    """
    if device.gpu is None:
        yield
        return
    from filelock import SoftFileLease, Timeout

    place = lock_path(device.gpu)
    lease = SoftFileLease(place, lease_duration=LEASE_SECONDS, timeout=WAIT_SECONDS, mode=0o666)
    try:
        lease.acquire()
    except Timeout:
        owner = lease.owner
        who = f"process {owner.pid} on {owner.hostname}" if owner else "another process"
        raise GraderFault(
            f"the GPU {device.gpu.name} was {who}'s for more than {WAIT_SECONDS:g} s (its lock is {place})"
        ) from None
    try:
        yield
        owner = lease.owner
        # compromise is what a renewal came upon; who slept through the lease and goes on has had no renewal yet.
        was_taken = lease.compromise is not None or owner is None or owner.token != lease.token
    finally:
        lease.release()
    if was_taken:
        raise GraderFault(f"another process took the GPU {device.gpu.name} in the middle of a measurement")


def lock_path(gpu: Gpu) -> Path:
    """Where all processes of this machine find a GPU's lock: DOT2VIT_LOCKS, else a folder for temporary files."""
    folder = Path(os.environ.get("DOT2VIT_LOCKS", tempfile.gettempdir()))
    return folder / f"dot2vit-{gpu.uuid}.lock"
