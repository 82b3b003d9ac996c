"""What a measurement ran on, and how busy it was: rates of a noisy machine are orders of magnitude only."""

import os
import platform


def description() -> str:
    """One line: processors, load of the last minute, Python."""
    return f"{os.cpu_count()} processors, load {os.getloadavg()[0]:.1f}, Python {platform.python_version()}"
