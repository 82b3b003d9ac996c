"""What a measurement ran on, and how busy it was: rates of a noisy machine are orders of magnitude only."""

import os
import platform

import psutil


def description() -> str:
    """One line: processors, load of the last minute, Python."""
    return f"{os.cpu_count()} processors, load {os.getloadavg()[0]:.1f}, Python {platform.python_version()}"


def busy_seconds() -> float:
    """What all processors together have worked so far, for whomever."""
    times = psutil.cpu_times()
    return times.user + times.nice + times.system + times.irq + times.softirq
