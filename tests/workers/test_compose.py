"""No engine runs here, so the production shape is checked by reading it."""

import re
from pathlib import Path
from typing import Any

import pytest
import typer.main
import yaml

from workers.command_line import application
from workers.settings import Settings

ROOT = Path(__file__).parent.parent.parent


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    return yaml.safe_load((ROOT / "docker-compose.yml").read_text())


@pytest.fixture(scope="module")
def services(compose: dict[str, Any]) -> dict[str, Any]:
    return compose["services"]


def own(services: dict[str, Any]) -> dict[str, Any]:
    """The services that run a Casework command."""
    return {name: service for name, service in services.items() if service["image"].startswith("casework")}


def test_services_of_production_are_there(services: dict[str, Any]) -> None:
    assert {"database", "temporal", "temporal-database", "temporal-ui", "migrate", "api", "worker"} <= set(services)
    assert len([name for name in services if name.startswith("worker")]) > 1, "workers are split by queue"


def test_commands_exist_and_take_their_options(services: dict[str, Any]) -> None:
    group: Any = typer.main.get_command(application)
    commands = group.commands
    for name, service in own(services).items():
        words = service["command"]
        assert words[0] in commands, f"{name}: casework has no command {words[0]}"
        context = commands[words[0]].make_context(words[0], list(words[1:]))
        assert context.params is not None


def test_settings_exist(services: dict[str, Any]) -> None:
    known = {f"CASEWORK_{field.upper()}" for field in Settings.model_fields}
    dockerfile = set(re.findall(r"CASEWORK_\w+(?==)", (ROOT / "Dockerfile").read_text()))
    assert dockerfile <= known
    for name, service in own(services).items():
        variables = {variable for variable in service["environment"] if variable.startswith("CASEWORK_")}
        assert variables <= known, f"{name}: {variables - known}"
        assert {"CASEWORK_DATABASE_URL"} <= variables
        assert "TEMPORAL_ADDRESS" in service["environment"]


def test_dependencies_exist_and_can_be_awaited(services: dict[str, Any]) -> None:
    for name, service in services.items():
        for needed, condition in service.get("depends_on", {}).items():
            assert needed in services, f"{name} depends on {needed}"
            if condition["condition"] == "service_healthy":
                assert "healthcheck" in services[needed]
            else:
                assert services[needed]["restart"] == "no"


def test_volumes_are_declared(compose: dict[str, Any], services: dict[str, Any]) -> None:
    for service in services.values():
        for volume in service.get("volumes", []):
            source = volume.split(":")[0]
            assert source.startswith(("./", "/")) or source in compose["volumes"]


def test_workers_may_finish_what_they_do(services: dict[str, Any]) -> None:
    for name, service in own(services).items():
        if name.startswith("worker"):
            grace = float(service["stop_grace_period"].removesuffix("s"))
            assert grace > float(service["environment"]["CASEWORK_GRACEFUL_SHUTDOWN_SECONDS"])
            ready_file = service["healthcheck"]["test"][-1]
            assert any(ready_file in word for word in service["command"])


def test_production_has_no_development_server(services: dict[str, Any]) -> None:
    text = (ROOT / "docker-compose.yml").read_text()
    assert "start-dev" not in text
    assert "simulators" not in text
    assert all(service["command"][0] != "up" for service in own(services).values())


def test_no_secret_is_written_down() -> None:
    for line in (ROOT / "docker-compose.yml").read_text().splitlines():
        if re.search(r"(PASSWORD|TOKEN|PWD):\s", line) and not line.lstrip().startswith("#"):
            assert "${" in line, line


def test_image_copies_every_package() -> None:
    copied = set(re.findall(r"^COPY (\w+) \./\1$", (ROOT / "Dockerfile").read_text(), re.MULTILINE))
    packages = {path.parent.name for path in ROOT.glob("*/__init__.py")} - {"tests", "bench"}
    assert copied == packages
