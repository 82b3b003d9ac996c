"""What every route works with, handed out by dependency."""

from dataclasses import dataclass, field
from typing import Annotated

from fastapi import Depends, Request

from activities.channels.adapters import Channels
from activities.channels.changes import HookDoors
from api.measures import Measures
from api.options import ApiOptions
from playbook.running import RunningPlaybook
from storage.blobs import Blobs
from storage.engine import Database
from storage.notifications import Notifications
from workflows._kit.process import Process


@dataclass(frozen=True)
class Services:
    """One set for each application. Nothing in it belongs to a request."""

    database: Database
    blobs: Blobs
    playbook: RunningPlaybook
    processes: dict[str, Process]
    options: ApiOptions
    notifications: Notifications
    measures: Measures
    channels: Channels = field(default_factory=dict)
    """Whose hooks are taken, and in whose messages they end."""
    hook_doors: HookDoors = field(default_factory=dict)
    """Whose hooks are taken besides."""


def services_of(request: Request) -> Services:
    """The services of the application that got this request."""
    return request.app.state.services


WithServices = Annotated[Services, Depends(services_of)]
