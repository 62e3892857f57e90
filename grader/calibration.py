"""`grader calibrate`: the instructor's command around speed/calibrate.py."""

import datetime
import platform
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import torch
from rich.console import Console
from rich.status import Status
from rich.table import Table as Grid

from .course import find_course
from .errors import UserError
from .i18n import _
from .sandbox.launch import ForkServer, check_available
from .speed import thresholds
from .speed.bench import Bench
from .speed.calibrate import Calibration, calibrate_exercise, gap_of, has_races
from .speed.device import UNTIMED, Device

COPY_BYTES = 2**28
MATRIX = {"cpu": 1024, "cuda": 8192}


def calibrate(console: Console, names: list[str], device: Device, sandbox: str, dry_run: bool) -> bool:
    """Measure, show and write; returns whether every race can be judged by time."""
    if device == UNTIMED:
        raise UserError("Speed is measured on a device: --device auto, cpu or cuda.")
    course = find_course()
    exercises = list(filter(has_races, course.select(names)))
    if not exercises:
        raise UserError(
            f"None of these exercises has a speed check: {', '.join(names)}. docs/speed.md says which have."
        )
    check_available(sandbox)
    torch.set_num_threads(1)
    tables = thresholds.load(course.root)
    doubts: list[str] = []
    with ForkServer(sandbox) as server, Bench(device, sandbox) as bench, console.status("…") as spinner:
        for exercise in exercises:
            calibration = calibrate_exercise(course, exercise, server, bench, partial(_say, spinner, exercise.name))
            for kind in dict.fromkeys([*calibration.honest, *calibration.slow]):
                console.print(_grid(calibration, kind))
                if kind not in tables:
                    tables[kind] = _new_table(device)
                tables[kind].measured = datetime.date.today()
                tables[kind].checks[exercise.name] = calibration.thresholds(kind)
                doubts += calibration.doubts(kind)
            doubts += calibration.problems
            if not dry_run:  # exercise by exercise: it takes minutes
                thresholds.save(course.root, tables)
    for doubt in doubts:
        console.print(doubt, style="yellow", markup=False, soft_wrap=True)
    if not dry_run:
        console.print(_("Written to {path}").format(path=thresholds.path_in(course.root)), style="dim", markup=False)
    return not doubts


def _say(spinner: Status, exercise: str, variant: str) -> None:
    spinner.update(f"{exercise}: {variant}")


def _grid(calibration: Calibration, kind: str) -> Grid:
    grid = Grid(title=f"{calibration.exercise} · {kind}", title_justify="left")
    grid.add_column(_("race"), overflow="fold")
    grid.add_column(_("honest"), justify="right")
    grid.add_column(_("slow"), justify="right")
    for heading in (_("gap"), _("threshold"), _("reference")):
        grid.add_column(heading, justify="right")
    found = calibration.thresholds(kind)
    for race, honest in calibration.honest.get(kind, {}).items():
        slow = calibration.slow.get(kind, {}).get(race, {})
        own = next((r["seconds"] for r in calibration.results if r["race"] == race and r["device"] == kind), None)
        grid.add_row(
            race,
            "\n".join(f"{id} {ratio:.2f}" for id, ratio in sorted(honest.items(), key=lambda pair: pair[1])),
            "\n".join(f"{id} {ratio:.1f}" for id, ratio in sorted(slow.items(), key=lambda pair: pair[1])),
            f"{gap_of(honest, slow):.1f}" if slow else "–",
            f"{found[race].value:.2f}" if race in found else "–",
            f"{1000 * own:.2f} ms" if own else "–",
        )
    return grid


def _new_table(device: Device) -> thresholds.Table:
    """What a device can do at most, measured in this process: the two ceilings of its roofline."""
    where = "cpu" if device.gpu is None else "cuda"
    source = torch.ones(COPY_BYTES // 4, device=where)
    target = torch.empty_like(source)
    size = MATRIX[where]
    matrix = torch.randn(size, size, device=where)
    return thresholds.Table(
        name=device.gpu.name if device.gpu else _processor_name(),
        measured=datetime.date.today(),
        bytes_per_s=2 * COPY_BYTES / _best(lambda: target.copy_(source), where),
        flops_per_s=2 * size**3 / _best(lambda: matrix @ matrix, where),
    )


def _best(action: Callable[[], object], where: str) -> float:
    """Seconds of the fastest of ten."""
    times = []
    for _round in range(10):
        started = time.perf_counter()
        action()
        if where == "cuda":
            torch.cuda.synchronize()
        times.append(time.perf_counter() - started)
    return min(times)


def _processor_name() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), platform.machine())
