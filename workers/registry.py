"""Finds the processes: the folders of `workflows/`, and nothing else, say what runs."""

import importlib
from pathlib import Path

from workers.errors import CommandError
from workflows._kit.process import Process

WORKFLOWS_FOLDER = Path(__file__).resolve().parent.parent / "workflows"


class RegistryError(CommandError):
    """A process folder does not declare a process; the message names the folder and what is missing."""


def discover(folder: Path = WORKFLOWS_FOLDER, package: str = "workflows") -> dict[str, Process]:
    """Every process by name, in name order. A broken folder stops everything: a queue missing a type loses work.

    Raises RegistryError with the folder and the reason.
    """
    processes: dict[str, Process] = {}
    for name in process_folders(folder):
        processes[name] = _declared(package, name)
    workflow_types: dict[type, str] = {}
    for name, process in processes.items():
        taken_by = workflow_types.setdefault(process.workflow, name)
        if taken_by != name:
            raise RegistryError(f"workflows/{name}/process.py: its workflow is already that of workflows/{taken_by}")
    return processes


def process_folders(folder: Path = WORKFLOWS_FOLDER) -> list[str]:
    """Names of the folders that must declare a process, in name order."""
    return sorted(
        entry.name
        for entry in folder.iterdir()
        if entry.is_dir() and not entry.name.startswith(("_", ".")) and any(entry.glob("*.py"))
    )


def _declared(package: str, name: str) -> Process:
    place = f"{package}/{name}/process.py"
    try:
        module = importlib.import_module(f"{package}.{name}.process")
    except ModuleNotFoundError as error:
        if error.name != f"{package}.{name}.process":
            raise
        raise RegistryError(f"{place}: no such file; every folder of {package}/ has one") from error
    process = getattr(module, "PROCESS", None)
    if process is None:
        raise RegistryError(f"{place}: has no PROCESS; declare `PROCESS = Process(name={name!r}, …)`")
    if not isinstance(process, Process):
        raise RegistryError(f"{place}: PROCESS is a {type(process).__name__}, not a workflows._kit.process.Process")
    if process.name != name:
        raise RegistryError(f"{place}: PROCESS.name is {process.name!r} but the folder is {name!r}; make them equal")
    return process
