"""What `casework up` runs: the parts of a whole Casework on this machine, their order, addresses and secrets."""

import asyncio
import json
import os
import secrets
import signal
import socket
import sys
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from workers import embedded, readiness
from workers.errors import CommandError
from workers.settings import Settings
from workers.supervisor import Part, Supervisor

if TYPE_CHECKING:
    from simulators.world import World

STOP_SECONDS_OF_POSTGRES = 30.0
PORT_PATIENCE_SECONDS = 15.0
"""How long `up` waits for the ports of a run that was killed: its parts are still on their way out."""

SIMULATED_CALLS_PER_SECOND = 200
"""The simulators have no quota unless their world says so."""
DEMO_ACCOUNTS_MARK = "# Written by `casework up` for the demo world, and written again by it as long as this line is here.\n"


def ports(settings: Settings, demo: bool) -> dict[str, tuple[int, str]]:
    """Every port `up` needs: what for, the number, and the setting that changes it."""
    needed = {
        "the API and the inbox": (settings.http_port, "CASEWORK_HTTP_PORT"),
        "SMTP": (settings.smtp_port, "CASEWORK_SMTP_PORT"),
        "Temporal": (settings.temporal_port, "CASEWORK_TEMPORAL_PORT"),
        "the Temporal Web UI": (settings.temporal_ui_port, "CASEWORK_TEMPORAL_PORT"),
    }
    if demo:
        needed["the simulators"] = (settings.simulator_port, "CASEWORK_SIMULATOR_PORT")
        needed["the simulators' mailbox"] = (settings.mailbox_port, "CASEWORK_SIMULATOR_SMTP_PORT")
    return needed


async def check_ports(settings: Settings, demo: bool, *, patience: float) -> None:
    """Every port is free and used once.

    Raises CommandError that names the setting to change.
    """
    users: dict[int, str] = {}
    for use, (port, setting) in ports(settings, demo).items():
        if port in users:
            raise CommandError(f"port {port} is set for {users[port]} and for {use}; change {setting}")
        users[port] = use
    deadline = time.monotonic() + patience
    for use, (port, setting) in ports(settings, demo).items():
        while not _is_free(port):
            if time.monotonic() >= deadline:
                raise CommandError(f"port {port} for {use} is taken by another program; set {setting} to a free port")
            await asyncio.sleep(0.2)


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def admin_token(settings: Settings) -> str:
    """The token of the setting, else the one kept in the data folder, made at the first start."""
    if settings.admin_token:
        return settings.admin_token
    kept = settings.data / "admin-token"
    if kept.exists():
        return kept.read_text().strip()
    token = secrets.token_urlsafe(24)
    with open(os.open(kept, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write(token)
    return token


def _demo_channels(world: "World", base: str) -> dict[str, Any]:
    """The channel accounts of the demo world; they serve its first store."""
    channels, store = world.channels, world.stores[0].key
    twilio, whatsapp, ebay, tiktok = channels.twilio, channels.whatsapp, channels.ebay, channels.tiktok
    at_twilio = {"api": f"{base}/twilio", "sid": twilio.sid, "token": twilio.token, "store": store}
    return {
        "twilio": {
            twilio.sms: {**at_twilio, "number": twilio.number},
            twilio.whatsapp: {**at_twilio, "number": twilio.whatsapp_number, "channel": "whatsapp"},
        },
        "whatsapp": {
            whatsapp.account: {
                "api": f"{base}/whatsapp/v23.0",
                **whatsapp.model_dump(include={"phone_number_id", "token", "app_secret", "verify_token"}),
                "store": store,
            }
        },
        "ebay": {
            ebay.account: {
                "api": f"{base}/ebay",
                **ebay.model_dump(include={"username", "app_id", "cert_id", "refresh_token", "verification_token"}),
                "store": store,
            }
        },
        "tiktok": {
            tiktok.account: {"api": f"{base}/tiktok", **tiktok.model_dump(exclude={"account"}), "store": store},
        },
    }


def _demo_telephones(world: "World", base: str, settings: Settings) -> dict[str, Any]:
    """The telephone systems of the demo world; they serve its first store."""
    from simulators.calls import ringcentral, threecx

    store = world.stores[0].key
    return {
        "ringcentral": {
            "main": {
                "api": f"{base}/ringcentral",
                "client_id": ringcentral.CLIENT_ID,
                "client_secret": ringcentral.CLIENT_SECRET,
                "jwt": ringcentral.JWT,
                "verification_token": "ringcentral-demo-verification",
                "hook_url": f"http://127.0.0.1:{settings.http_port}/webhooks/ringcentral/main",
                "store": store,
            }
        },
        "threecx": {
            "main": {
                "api": f"{base}/threecx",
                "client_id": threecx.CLIENT_ID,
                "client_secret": threecx.CLIENT_SECRET,
                "store": store,
            }
        },
    }


def write_demo_accounts(settings: Settings) -> None:
    """An accounts file that leads to the simulators. One the operator wrote is left alone."""
    from simulators.load import DEMO_WORLD, read_world

    file = settings.accounts_file
    if file.exists() and not file.read_text().startswith(DEMO_ACCOUNTS_MARK):
        return
    world, base = read_world(DEMO_WORLD), f"http://127.0.0.1:{settings.simulator_port}"
    accounts = {
        "bigcommerce": {
            store.key: {
                "api": f"{base}/bigcommerce/stores/{store.hash}",
                "b2b": f"{base}/bigcommerce/b2b/api/v3/io",
                "store_hash": store.hash,
                "token": store.access_token,
                "client_secret": store.client_secret,
                "calls_per_second": SIMULATED_CALLS_PER_SECOND,
            }
            for store in world.stores
        },
        "shipstation": {
            "main": {
                "api": f"{base}/shipstation",
                "key": world.carriers.api_key,
                "calls_per_second": SIMULATED_CALLS_PER_SECOND,
            }
        },
        "qapla": {"main": {"api": f"{base}/qapla", "key": world.qapla.api_key}},
        "xero": {
            "main": {
                "api": f"{base}/xero/api.xro/2.0",
                "token": world.ledger.access_token,
                "tenant_id": world.ledger.tenant_id,
                "webhook_key": world.ledger.webhook_key,
                "calls_per_second": SIMULATED_CALLS_PER_SECOND,
            }
        },
        "chat": {store.key: {"origins": [base]} for store in world.stores},
        **_demo_channels(world, base),
        **_demo_telephones(world, base, settings),
    }
    with open(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as opened:
        opened.write(DEMO_ACCOUNTS_MARK + json.dumps(accounts, indent=2) + "\n")  # JSON is YAML


def ensure_accounts(settings: Settings, demo: bool) -> None:
    """There is an accounts file: the demo world's, or, without it, an empty one to fill in."""
    if demo:
        write_demo_accounts(settings)
    elif not settings.accounts_file.exists():
        settings.accounts_file.write_text("# Provider accounts; see docs/operate.md.\nbigcommerce: {}\n")


def environment(settings: Settings, database_url: str, token: str, demo: bool) -> dict[str, str]:
    """What the parts that are Casework's own get beside the environment of `up`."""
    variables = {
        "PYTHONUNBUFFERED": "1",
        "CASEWORK_DATA": str(settings.data),
        "CASEWORK_ACCOUNTS": str(settings.accounts_file),
        "CASEWORK_DATABASE_URL": database_url,
        "CASEWORK_ADMIN_TOKEN": token,
        "CASEWORK_TEMPORAL_UI_URL": settings.temporal_ui_url or f"http://127.0.0.1:{settings.temporal_ui_port}",
        "TEMPORAL_ADDRESS": f"127.0.0.1:{settings.temporal_port}",
        "TEMPORAL_NAMESPACE": "default",
        "TEMPORAL_CONFIG_FILE": os.devnull,  # a profile of the person must not lead the stack to another server
    }
    if demo and settings.smtp_relay is None:
        variables["CASEWORK_SMTP_RELAY"] = f"127.0.0.1:{settings.mailbox_port}"
        variables["CASEWORK_SMTP_RELAY_SECURITY"] = "none"
    return variables


def own_command(*arguments: str) -> list[str]:
    """A command of Casework as a child process."""
    return [sys.executable, "-m", "workers", *arguments]


class Stack:
    """One running stack. `note` gets a line for every part that is ready, `report` one for everything unusual."""

    def __init__(
        self, settings: Settings, *, demo: bool, note: Callable[[str, float], None], report: Callable[[str], None]
    ) -> None:
        self.settings = settings
        self.demo = demo
        self.token = admin_token(settings)
        self.supervisor = Supervisor(settings.data / "logs", report)
        self._note = note
        self._report = report

    async def start(self) -> None:
        """Starts all parts, each when what it needs is ready.

        Raises PartFailed or CommandError for the first that cannot be.
        """
        ensure_accounts(self.settings, self.demo)
        postgres = await asyncio.to_thread(embedded.postgres_server, self.settings.data / "postgres")
        foundations = [self._start(self._postgres(postgres)), self._start(self._temporal())]
        if self.demo:
            foundations.append(self._start(self._simulators()))
        await _all(foundations)
        await asyncio.to_thread(readiness.ensure_database, postgres.url("postgres"), embedded.DATABASE)
        variables = environment(self.settings, postgres.url(), self.token, self.demo)
        self._note("tables", await self.supervisor.run_once(self._migrate(variables)))
        await _all([self._start(self._worker(variables)), self._start(self._api(variables))])
        if self.demo:
            await self._send_demo_mails()

    async def stop(self) -> None:
        """Stops everything, the last started first."""
        await self.supervisor.stop()

    async def _start(self, part: Part) -> None:
        self._note(part.name, await self.supervisor.start(part))

    def _postgres(self, server: embedded.PostgresServer) -> Part:
        return Part(
            "postgres",
            server.command(),
            readiness.postgres_accepts(server.url("postgres")),
            user=server.user,
            stop_signal=signal.SIGINT,  # PostgreSQL's fast shutdown: ends sessions, writes everything
            stop_seconds=STOP_SECONDS_OF_POSTGRES,
            prepare=lambda: embedded.ensure_access(server),
        )

    def _temporal(self) -> Part:
        settings = self.settings
        return Part(
            "temporal",
            embedded.temporal_command(settings.data / "temporal.db", settings.temporal_port, settings.temporal_ui_port),
            readiness.temporal_serves(f"127.0.0.1:{settings.temporal_port}"),
        )

    def _simulators(self) -> Part:
        settings = self.settings
        command = [
            *(sys.executable, "-m", "simulators", "--port", str(settings.simulator_port)),
            *("--smtp-port", str(settings.mailbox_port), "--data", str(settings.data / "simulators")),
            *("--webhook-url", f"http://127.0.0.1:{settings.http_port}"),
        ]
        ready = readiness.http_answers(f"http://127.0.0.1:{settings.simulator_port}/healthz")
        return Part("simulators", command, ready, {"PYTHONUNBUFFERED": "1"})

    def _migrate(self, variables: dict[str, str]) -> Part:
        return Part("migrate", own_command("migrate"), _never, variables)

    def _worker(self, variables: dict[str, str]) -> Part:
        ready_file = self.settings.data / "worker-ready"
        return Part(
            "worker",
            own_command("worker", "--ready-file", str(ready_file)),
            readiness.file_exists(ready_file),
            variables,
            stop_seconds=self.settings.graceful_shutdown_seconds + 5,
            prepare=lambda: ready_file.unlink(missing_ok=True),
        )

    def _api(self, variables: dict[str, str]) -> Part:
        settings = self.settings
        ready = readiness.both(
            readiness.http_answers(f"http://127.0.0.1:{settings.http_port}/readyz"),
            readiness.smtp_greets("127.0.0.1", settings.smtp_port),
        )
        return Part("api", own_command("api"), ready, variables, stop_seconds=15)

    async def _send_demo_mails(self) -> None:
        """Once a data folder. A failure is told and the stack goes on: the next start tries again."""
        sent = self.settings.data / "demo-mails-sent"
        if sent.exists():
            return
        import smtplib

        from simulators.demo_mail import send_demo_mails

        begin = time.monotonic()
        try:
            await asyncio.to_thread(send_demo_mails, "127.0.0.1", self.settings.smtp_port)
        except (OSError, smtplib.SMTPException) as error:
            self._report(f"the demo mails could not be sent ({error}); the next start tries again")
            return
        sent.touch()
        self._note("demo mails", time.monotonic() - begin)


async def _never() -> bool:
    return False


async def _all(starting: list) -> None:
    """Waits for all; the first failure cancels the rest and is raised."""
    try:
        async with asyncio.TaskGroup() as group:
            for start in starting:
                group.create_task(start)
    except* CommandError as errors:
        raise errors.exceptions[0] from None
