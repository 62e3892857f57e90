"""The GPU that a confined worker may see: its device files, its driver's libraries, and how much of its memory is taken.

What is asked here is asked of the driver itself (NVML), from outside: nothing is believed that a worker says of its GPU.
"""

import ctypes
import functools
import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

CONTROL_NODES = ("/dev/nvidiactl", "/dev/nvidia-uvm")
MAPPED_FILE = re.compile(r"\s(/\S+)$", re.MULTILINE)


@dataclass(frozen=True)
class Gpu:
    """One GPU of this machine. minor: the number of its device file /dev/nvidiaN. memory: bytes."""

    name: str
    uuid: str
    minor: int
    memory: int

    @property
    def device_nodes(self) -> list[str]:
        """The device files that a program on this GPU opens, and no others."""
        return [*CONTROL_NODES, f"/dev/nvidia{self.minor}"]

    def memory_used(self, pid: int) -> int | None:
        """Bytes of device memory that a process holds, as the driver says; None where it does not know the process."""
        nvml = _nvml()
        processes = nvml.nvmlDeviceGetComputeRunningProcesses(nvml.nvmlDeviceGetHandleByUUID(self.uuid))
        return next((int(process.usedGpuMemory or 0) for process in processes if process.pid == pid), None)


def find_gpus() -> list[Gpu]:
    """The NVIDIA GPUs of this machine that its driver knows and CUDA_VISIBLE_DEVICES does not hide; [] without a driver."""
    try:
        nvml = _nvml()
    except NoDriver:
        return []
    gpus = [_gpu(nvml, nvml.nvmlDeviceGetHandleByIndex(index)) for index in range(nvml.nvmlDeviceGetCount())]
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    if visible is None:
        return gpus
    wanted = [entry.strip() for entry in visible.split(",")]
    return [gpu for place, gpu in enumerate(gpus) if str(place) in wanted or gpu.uuid in wanted]


def driver_folders() -> list[str]:
    """The folders of the driver's own libraries: libcuda and what it loads lie there."""
    try:
        ctypes.CDLL("libcuda.so.1")
    except OSError:
        return []
    mapped = MAPPED_FILE.findall(Path("/proc/self/maps").read_text(encoding="utf-8"))
    return list(dict.fromkeys(str(Path(path).parent) for path in mapped if Path(path).name.startswith("libcuda.so")))


class NoDriver(Exception):
    """This machine has no NVIDIA driver, or no nvidia-ml-py to ask it."""


@functools.cache
def _nvml() -> Any:
    """NVML, started once a process. Raises NoDriver."""
    try:
        import pynvml
    except ImportError as error:
        raise NoDriver(str(error)) from error
    try:
        pynvml.nvmlInit()
    except pynvml.NVMLError as error:
        raise NoDriver(str(error)) from error
    return pynvml


def _gpu(nvml: Any, handle: Any) -> Gpu:
    return Gpu(
        name=_text(nvml.nvmlDeviceGetName(handle)),
        uuid=_text(nvml.nvmlDeviceGetUUID(handle)),
        minor=int(nvml.nvmlDeviceGetMinorNumber(handle)),
        memory=int(nvml.nvmlDeviceGetMemoryInfo(handle).total),
    )


def _text(value: str | bytes) -> str:
    return value.decode() if isinstance(value, bytes) else value
