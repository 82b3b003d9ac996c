"""A process is found by its folder, and a broken folder is never passed over."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from workers import registry
from workers.registry import RegistryError

GOOD = """
from workflows._kit.process import Process

class Workflow: ...

PROCESS = Process(name="{name}", title="A title", description="What it is for.", workflow=Workflow, decisions=())
"""


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Iterator[Path]:
    """An importable package of process folders, of a name no other test has."""
    name = f"processes_of_{abs(hash(request.node.nodeid))}"
    folder = tmp_path / name
    folder.mkdir()
    (folder / "__init__.py").touch()
    monkeypatch.syspath_prepend(str(tmp_path))
    yield folder
    for module in [module for module in sys.modules if module.split(".")[0] == name]:
        del sys.modules[module]


def add(package: Path, folder: str, text: str | None) -> None:
    (package / folder).mkdir()
    (package / folder / "__init__.py").touch()
    if text is not None:
        (package / folder / "process.py").write_text(text)


def test_finds_processes_in_name_order(package: Path) -> None:
    add(package, "warranty", GOOD.format(name="warranty"))
    add(package, "audit", GOOD.format(name="audit"))
    add(package, "_kit", None)
    assert list(registry.discover(package, package.name)) == ["audit", "warranty"]


def test_folder_without_process_file_is_an_error(package: Path) -> None:
    add(package, "warranty", None)
    with pytest.raises(RegistryError, match=r"warranty/process\.py: no such file"):
        registry.discover(package, package.name)


def test_file_without_process_is_an_error(package: Path) -> None:
    add(package, "warranty", "NOTHING = 1")
    with pytest.raises(RegistryError, match=r"warranty/process\.py: has no PROCESS"):
        registry.discover(package, package.name)


def test_something_else_named_process_is_an_error(package: Path) -> None:
    add(package, "warranty", "PROCESS = 'warranty'")
    with pytest.raises(RegistryError, match="PROCESS is a str"):
        registry.discover(package, package.name)


def test_wrong_name_is_an_error(package: Path) -> None:
    add(package, "warranty", GOOD.format(name="guarantee"))
    with pytest.raises(RegistryError, match="'guarantee' but the folder is 'warranty'"):
        registry.discover(package, package.name)


def test_two_processes_with_one_workflow_are_an_error(package: Path) -> None:
    add(package, "audit", GOOD.format(name="audit"))
    other = f"from {package.name}.audit.process import Workflow as Same\n" + GOOD.format(name="warranty")
    add(package, "warranty", other.replace("workflow=Workflow", "workflow=Same"))
    with pytest.raises(RegistryError, match="already that of workflows/audit"):
        registry.discover(package, package.name)


def test_error_inside_a_process_is_not_hidden(package: Path) -> None:
    add(package, "warranty", "import a_module_that_is_not_there")
    with pytest.raises(ModuleNotFoundError, match="a_module_that_is_not_there"):
        registry.discover(package, package.name)


def test_every_folder_of_the_product_is_found() -> None:
    assert {"order", "rma", "ticket"} <= set(registry.discover())
