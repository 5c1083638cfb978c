"""The machine that a verdict speaks for.

Reads what the operating system says; starts nothing and changes nothing.
"""

import os
import platform
from pathlib import Path

import psutil

import earwitness

_GIBIBYTE = 2**30


def environment() -> dict[str, str]:
    """Versions, processor and memory, as words for the record."""
    return {
        "earwitness": earwitness.__version__,
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.release()}",
        "processor": _processor(),
        "cores": str(_usable_cores()),
        "memory": f"{psutil.virtual_memory().total / _GIBIBYTE:.0f} GiB",
        "load before": f"{os.getloadavg()[0]:.1f}",
        "user": "root" if os.geteuid() == 0 else "ordinary user",
    }


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.machine())


def _usable_cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
