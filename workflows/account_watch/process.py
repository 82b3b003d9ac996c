"""Declares the watch of an account."""

from workflows._kit.process import Process
from workflows.account_watch.workflow import AccountWatch

PROCESS = Process(
    name="account_watch",
    title="Account watch",
    description="Keeps an account's hooks there and switched on, and finds what they did not tell of. Begun for each account.",
    workflow=AccountWatch,
    decisions=(),
)
