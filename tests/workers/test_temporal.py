"""The plugin has tests run workflow code in the sandbox and everything else out of it; search attributes are there first."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import pytest
from temporalio import activity
from temporalio.client import Client
from temporalio.converter import DataConverter
from temporalio.testing import WorkflowEnvironment
from temporalio.worker import Replayer, UnsandboxedWorkflowRunner, Worker
from temporalio.worker.workflow_sandbox import SandboxedWorkflowRunner
from temporalio.worker.workflow_sandbox._importer import Importer
from temporalio.worker.workflow_sandbox._restrictions import RestrictionContext

from workers import embedded, registry, search_attributes, temporal
from workers.errors import CommandError
from workers.lifecycle import Background, QueueContents, StoppedByItself, run_workers


@pytest.fixture(scope="module")
def importer() -> Importer:
    return Importer(temporal.sandbox(), RestrictionContext())


@pytest.fixture
async def server() -> AsyncIterator[WorkflowEnvironment]:
    """A development server without state, as `up` runs it with state."""
    environment = await WorkflowEnvironment.start_local(
        dev_server_existing_path=embedded.temporal_binary(), dev_server_log_level="error", plugins=[temporal.plugin()]
    )
    async with environment:
        yield environment


@pytest.mark.parametrize(
    "module", ["domain.sla", "activities.records.models", "storage.engine", "workflows._kit.contract", "httpx"]
)
def test_contracts_and_clients_are_shared(importer: Importer, module: str) -> None:
    assert importer.module_configured_passthrough(module)


def test_contract_of_every_process_is_shared_and_its_workflow_is_not(importer: Importer) -> None:
    for name in registry.process_folders():
        assert importer.module_configured_passthrough(f"workflows.{name}.contract")
        assert not importer.module_configured_passthrough(f"workflows.{name}")
        assert not importer.module_configured_passthrough(f"workflows.{name}.workflow")


def test_workflow_code_is_never_shared(importer: Importer) -> None:
    root = registry.WORKFLOWS_FOLDER
    for file in root.rglob("*.py"):
        if file.stem not in {"contract", "state", "__init__"}:
            module = ".".join(["workflows", *file.relative_to(root).with_suffix("").parts])
            assert not importer.module_configured_passthrough(module), module


def test_every_shared_module_has_a_reason_and_is_needed() -> None:
    for module, reason in temporal.PASSED_THROUGH.items():
        assert len(reason) > 20
        assert not module.startswith("workflows.") or module.endswith(("contract", "state"))


async def test_plugin_reaches_worker_and_replayer(server: WorkflowEnvironment) -> None:
    @activity.defn
    async def nothing() -> None: ...

    config = Worker(server.client, task_queue="any", activities=[nothing]).config(active_config=True)
    runner = config.get("workflow_runner")
    assert isinstance(runner, SandboxedWorkflowRunner)
    assert "domain" in runner.restrictions.passthrough_modules
    replayer = Replayer(workflows=[process.workflow for process in registry.discover().values()], plugins=[temporal.plugin()])
    assert replayer.config(active_config=True).get("data_converter") != DataConverter.default


async def test_a_worker_that_serves_differs_in_the_sandbox_alone() -> None:
    served = [process.workflow for process in registry.discover().values()]
    watching, serving = (
        Replayer(workflows=served, plugins=[temporal.plugin(watched=each)]).config(active_config=True) for each in (True, False)
    )
    assert isinstance(watching.get("workflow_runner"), SandboxedWorkflowRunner)
    assert isinstance(serving.get("workflow_runner"), UnsandboxedWorkflowRunner)
    assert watching.get("data_converter") == serving.get("data_converter")


async def test_workflows_of_the_product_pass_the_sandbox(server: WorkflowEnvironment) -> None:
    workflows = [process.workflow for process in registry.discover().values()]
    async with Worker(server.client, task_queue="any", workflows=workflows):
        pass


async def test_search_attributes_are_registered_once(server: WorkflowEnvironment) -> None:
    assert await search_attributes.missing(server.client) == list(search_attributes.ALL)
    first, second = await asyncio.gather(search_attributes.register(server.client), search_attributes.register(server.client))
    assert set(first) | set(second) == set(search_attributes.ALL)
    assert await search_attributes.register(server.client) == []


async def test_attribute_of_another_type_is_told(server: WorkflowEnvironment) -> None:
    from temporalio.common import SearchAttributeKey

    await search_attributes.register(server.client, [SearchAttributeKey.for_keyword("Owner")])
    with pytest.raises(CommandError, match="Owner of namespace default is Keyword and must be Datetime"):
        await search_attributes.register(server.client, [SearchAttributeKey.for_datetime("Owner")])


def test_development_server_gets_every_attribute() -> None:
    arguments = search_attributes.command_line_arguments()
    assert arguments.count("--search-attribute") == len(search_attributes.ALL)
    assert "CaseworkStore=Keyword" in arguments
    assert len([key for key in arguments if key.endswith("=Keyword")]) <= 10


def test_development_server_keeps_its_state_and_to_itself(tmp_path: Path) -> None:
    command = " ".join(embedded.temporal_command(tmp_path / "temporal.db", 7233, 8233))
    for wanted in ("--sqlite-pragma journal_mode=WAL", "--sqlite-pragma synchronous=FULL", "--ip 127.0.0.1", "--db-filename"):
        assert wanted in command


async def test_missing_address_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TEMPORAL_ADDRESS", raising=False)
    monkeypatch.setenv("TEMPORAL_CONFIG_FILE", "/dev/null")
    with pytest.raises(CommandError, match="TEMPORAL_ADDRESS is not set"):
        await temporal.connect()


async def test_silent_address_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEMPORAL_ADDRESS", "127.0.0.1:1")
    with pytest.raises(CommandError, match=r"no Temporal server at 127\.0\.0\.1:1"):
        await temporal.connect()


class Slow:
    """An activity that is in the middle of something when the worker is told to stop."""

    def __init__(self) -> None:
        self.begun, self.finished = asyncio.Event(), False

    @activity.defn(name="slow")
    async def run(self) -> None:
        self.begun.set()
        await asyncio.sleep(1)
        self.finished = True


async def start_slow(client: Client, queue: str) -> None:
    """An activity without a workflow, so that the test needs no workflow module of its own."""
    await client.start_activity("slow", id=f"slow-{uuid4()}", task_queue=queue, start_to_close_timeout=timedelta(seconds=30))


async def test_worker_says_when_it_polls_and_finishes_what_it_began(server: WorkflowEnvironment, tmp_path: Path) -> None:
    slow, stop, ready = Slow(), asyncio.Event(), tmp_path / "ready"
    ready.touch()  # left by a process that was killed
    queues = {"one": QueueContents(activities=[slow.run]), "two": QueueContents(activities=[slow.run])}
    serving = asyncio.create_task(run_workers(server.client, queues, stop=stop, ready_file=ready))
    async with asyncio.timeout(20):
        while not (ready.exists() and ready.read_text()):  # noqa: ASYNC110 - the file is the interface
            await asyncio.sleep(0.05)
        await start_slow(server.client, "two")
        await slow.begun.wait()
        stop.set()
        await serving
    assert slow.finished
    assert not ready.exists()


async def test_background_that_fails_ends_the_process(server: WorkflowEnvironment) -> None:
    async def fail() -> None:
        raise ConnectionError("the database is gone")

    queues = {"one": QueueContents(activities=[Slow().run])}
    with pytest.raises(ConnectionError, match="the database is gone"):
        await run_workers(server.client, queues, stop=asyncio.Event(), background=[Background("relay", fail)])


async def test_background_that_just_ends_ends_the_process(server: WorkflowEnvironment) -> None:
    async def end() -> None: ...

    queues = {"one": QueueContents(activities=[Slow().run])}
    with pytest.raises(StoppedByItself, match="relay ended"):
        await run_workers(server.client, queues, stop=asyncio.Event(), background=[Background("relay", end)])
