"""How Casework speaks with Temporal: one plugin for client, worker, replayer and tests, and the connection.

Tests, replay and production cannot drift apart while all of them take this plugin. They differ in one thing: tests and replay
run workflow code in the sandbox, which refuses what is not deterministic; a worker that serves runs the same code without, at
half the cost (docs/decisions/023-the-sandbox-is-a-test.md).
"""

import os
from datetime import timedelta

from temporalio.client import Client
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.envconfig import ClientConfig
from temporalio.plugin import SimplePlugin
from temporalio.runtime import Runtime
from temporalio.service import RPCError
from temporalio.worker import UnsandboxedWorkflowRunner
from temporalio.worker.workflow_sandbox import SandboxedWorkflowRunner, SandboxRestrictions

from workers import registry
from workers.errors import CommandError

PASSED_THROUGH: dict[str, str] = {
    "domain": "pure rules and models: no input or output, and a model must be one class inside and outside",
    "storage": "imported by activities, whose models workflows receive; SQLAlchemy would load again in every run",
    "activities": "workflows name activities and read their models; isinstance fails on a class imported twice",
    "playbook": "loaded outside, read inside as pydantic models of domain",
    "workflows._kit.contract": "what contracts share; a model must be one class inside and outside",
    "workflows._kit.state": "models alone; pydantic would build their classes again in every run, which costs 20 ms",
    "httpx": "imported by activities; its import inside the sandbox is refused",
    "sqlalchemy": "imported by activities and storage; costs a quarter of a second in every sandbox",
    "psycopg": "imported by storage; its compiled half can load once only",
    "jinja2": "imported by the playbook's templates; slow to load in every sandbox",
    "yaml": "imported by the playbook's loader; its compiled half can load once only",
    "obstore": "compiled; can load once only",
    "structlog": "its locks would stop a workflow thread if it were loaded inside the sandbox",
}
"""Modules workflows share with the process, with the reason. Workflow code is never among them: passing it through would
switch off the sandbox's checks for it."""


def passed_through_modules() -> set[str]:
    """The list above, and contract and state of every process: models, no code that runs by itself. A name covers what is
    below it, never what is beside it."""
    return {
        *PASSED_THROUGH,
        *(f"workflows.{name}.{part}" for name in registry.process_folders() for part in ("contract", "state")),
    }


def sandbox() -> SandboxRestrictions:
    """What workflow code may do and share."""
    return SandboxRestrictions.default.with_passthrough_modules(*sorted(passed_through_modules()))


def plugin(*, watched: bool = True) -> SimplePlugin:
    """Data converter and workflow runner, for `Client.connect`, `Replayer` and the test environments alike. `watched`: workflow
    code runs in the sandbox."""
    runner = SandboxedWorkflowRunner(restrictions=sandbox()) if watched else UnsandboxedWorkflowRunner()
    return SimplePlugin("casework", data_converter=pydantic_data_converter, workflow_runner=runner)


def address() -> str:
    """The address the environment or the Temporal configuration file names.

    Raises CommandError where neither does: a silent localhost would hide a forgotten setting.
    """
    target = ClientConfig.load_client_connect_config().get("target_host")
    if not target:
        raise CommandError("TEMPORAL_ADDRESS is not set; set it to host:port of your Temporal server")
    return target


async def connect(runtime: Runtime | None = None, *, within: timedelta = timedelta(seconds=10)) -> Client:
    """A client by `TEMPORAL_…` variables or the Temporal configuration file.

    Raises CommandError that names the address where nothing answers.
    """
    target = address()
    config = ClientConfig.load_client_connect_config()
    config.setdefault("namespace", os.environ.get("TEMPORAL_NAMESPACE", "default"))
    try:
        client = await Client.connect(**config, plugins=[plugin(watched=False)], runtime=runtime, identity=identity())
        await client.service_client.check_health(timeout=within)
    except (RuntimeError, RPCError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise CommandError(f"no Temporal server at {target} ({reason}); start it or correct TEMPORAL_ADDRESS") from error
    return client


def identity() -> str:
    """Who acts, as the Web UI shows it."""
    return f"casework-{os.getpid()}@{os.uname().nodename}"
