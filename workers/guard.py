"""Runs one command that must not outlive its supervisor: `python guard.py SIGNAL SUPERVISOR_PID USER command…`.

USER is the name to run as, or `-` for no change. It changes here and not before, because a change of user takes the
promise below away again.

A supervisor killed with SIGKILL can clean up nothing, so each child carries its own end. Run by path with `-I -S`, this
file imports nothing but what it needs, and costs a few hundredths of a second.
"""

import ctypes
import os
import pwd
import signal
import subprocess
import sys
import time
from types import FrameType

PR_SET_PDEATHSIG = 1
WATCH_INTERVAL_SECONDS = 0.5
LAST_WORD_SECONDS = 15.0


def main(arguments: list[str]) -> int:
    """Replaces itself by the command on Linux; elsewhere stays beside it and watches."""
    farewell, supervisor = signal.Signals(int(arguments[0])), int(arguments[1])
    user, command = arguments[2], arguments[3:]
    library = ctypes.CDLL(None, use_errno=True)
    if user != "-":
        become(user)
    if not sys.platform.startswith("linux"):
        return watch(command, farewell, supervisor)
    if library.prctl(PR_SET_PDEATHSIG, int(farewell), 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl(PR_SET_PDEATHSIG) failed")
    if os.getppid() != supervisor:  # it died before the request was in force
        return 1
    os.execv(command[0], command)


def become(user: str) -> None:
    """Gives up root for good."""
    account = pwd.getpwnam(user)
    os.setgroups([])
    os.setgid(account.pw_gid)
    os.setuid(account.pw_uid)
    os.chdir("/")


def watch(command: list[str], farewell: signal.Signals, supervisor: int) -> int:
    """The same promise where the kernel has no parent-death signal: looks twice a second whether the parent is there."""
    child = subprocess.Popen(command)

    def forward(number: int, _frame: FrameType | None) -> None:
        child.send_signal(number)

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, forward)
    while child.poll() is None and os.getppid() == supervisor:
        time.sleep(WATCH_INTERVAL_SECONDS)
    if child.poll() is None:
        child.send_signal(farewell)
        try:
            child.wait(LAST_WORD_SECONDS)
        except subprocess.TimeoutExpired:
            child.kill()
    return child.wait()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
