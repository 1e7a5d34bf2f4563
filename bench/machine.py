"""The machine and how it is split: one core for what is measured, another for who asks."""

import os
import platform
import statistics
import tempfile
import time
from pathlib import Path

SERVER_CORE, CLIENT_CORE = (sorted(os.sched_getaffinity(0)) * 2)[:2]
ON_SERVER_CORE = ["taskset", "-c", str(SERVER_CORE)]
ON_CLIENT_CORE = ["taskset", "-c", str(CLIENT_CORE)]


def described(folder: Path) -> dict[str, str]:
    """What a figure should be read with."""
    return {
        "processor": _processor(),
        "cores": f"{os.cpu_count()}: servers on {SERVER_CORE}, clients on {CLIENT_CORE} (taskset)",
        "memory": f"{os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES') / 2**30:.0f} GiB",
        "system": f"{platform.system()} {platform.release()}, Python {platform.python_version()}",
        "fsync": f"{fsync_us(folder):.0f} µs (median of 50, 4 KiB appended)",
        "load before": f"{os.getloadavg()[0]:.2f}",
    }


def _processor() -> str:
    lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    return next((line.partition(": ")[2] for line in lines if line.startswith("model name")), "unknown")


def fsync_us(folder: Path) -> float:
    """What durability costs here, in microseconds."""
    took: list[float] = []
    with tempfile.TemporaryFile(dir=folder) as file:
        for _ in range(50):
            file.write(bytes(4096))
            file.flush()
            begun = time.perf_counter()
            os.fsync(file.fileno())
            took.append((time.perf_counter() - begun) * 1e6)
    return statistics.median(took)
