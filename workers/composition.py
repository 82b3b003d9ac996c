"""The one place where everything is put together: what each process opens, and what each task queue runs."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from temporalio.client import Client

from activities._kit.accounts import Accounts
from workers import lifecycle, registry, search_attributes, temporal
from workers.errors import CommandError
from workers.lifecycle import Background, QueueContents
from workers.playbooks import open_watch, watching
from workers.settings import Settings, require_database_url
from workflows._kit.contract import TASK_QUEUE

if TYPE_CHECKING:
    import httpx

    from activities._kit.effects import EffectLedger
    from activities.bigcommerce.stores import Stores
    from activities.finance.xero_access import XeroAccess
    from activities.mail.sending import Mailer
    from activities.mail.templates import Templates
    from activities.records.reading import Reading
    from activities.understanding.reader import Reader
    from domain.playbook import Playbook
    from playbook.running import PlaybookWatch, RunningPlaybook
    from storage.blobs import Blobs
    from storage.engine import Database

_CALLS_PER_REFUND = 9
_CALLS_PER_LABEL = 4
_CALLS_PER_CREDIT_NOTE = 10
"""HTTP calls of one activity, as the simulators count them. Task queues count activities, quotas count calls."""


@dataclass(frozen=True)
class Resources:
    """What a worker or API process holds open for as long as it lives."""

    settings: Settings
    accounts: Accounts
    database: "Database"
    blobs: "Blobs"
    watch: "PlaybookWatch"

    @property
    def playbook(self) -> "RunningPlaybook":
        """The merchant's rules, as they are at any time."""
        return self.watch.playbook


@contextlib.asynccontextmanager
async def open_resources(settings: Settings) -> AsyncIterator[Resources]:
    """Opens everything and closes it at the end of the block.

    Raises CommandError for what is missing or wrong, one thing at a time, what costs least first.
    """
    from storage.engine import open_database

    database_url = require_database_url(settings)
    watch, blobs = open_watch(settings.playbook), open_blob_store(settings)
    database = open_database(database_url)
    try:
        accounts = await open_accounts(settings, database)
        require_alert_accounts(watch.playbook.now, accounts)
        yield Resources(settings, accounts, database, blobs, watch)
    finally:
        await database.close()


async def open_accounts(settings: Settings, database: "Database") -> Accounts:
    """The provider accounts of the file and those connected, or CommandError that names the place."""
    from workers.accounts.connecting import all_accounts
    from workers.database import failures_told

    with failures_told():
        return await all_accounts(settings, database)


def require_alert_accounts(playbook: "Playbook", accounts: Accounts) -> None:
    """Raises CommandError for an alert channel whose webhook has no account."""
    for name, channel in playbook.alert_channels.items():
        if channel.webhook is not None and channel.webhook not in accounts.alerts:
            raise CommandError(
                f"alert_channels.yaml: {name}.webhook: the accounts file has no {channel.webhook!r} under alerts; "
                "add its url and secret there, or correct the name"
            )


def open_blob_store(settings: Settings) -> "Blobs":
    """The store of mails and attachments: a folder of this machine, or an object store by its address."""
    from obstore.exceptions import BaseError

    from storage.blobs import open_blobs

    try:
        return open_blobs(settings.blobs_url or settings.data / "blobs")
    except (BaseError, ValueError) as error:
        raise CommandError(f"CASEWORK_BLOBS_URL cannot be used: {error}") from error


def task_queues(resources: Resources, client: Client, http: "httpx.AsyncClient", reader: "Reader") -> dict[str, QueueContents]:
    """What runs on each task queue, by the queue's name.

    `casework` has all workflows and what needs no provider's quota. Every provider account has a queue of its own, with the
    rate its quota allows, however many workers serve it.
    """
    from activities._kit.effects import EffectLedger
    from activities.alerts.telling import Alerts
    from activities.bigcommerce.cancelling import Cancelling
    from activities.bigcommerce.models import store_queue
    from activities.bigcommerce.refunds import Refunds
    from activities.bigcommerce.replacements import Replacements
    from activities.bigcommerce.restocking import Restocking
    from activities.bigcommerce.stores import Stores
    from activities.bigcommerce.watching import StoreWatch
    from activities.channels.adapters import adapters
    from activities.channels.answering import Answering
    from activities.lanes.handover import Lanes
    from activities.records.reading import Reading
    from activities.records.tickets import TicketRecords

    accounts, database, playbook = resources.accounts, resources.database, resources.playbook
    ledger = EffectLedger(database)
    stores = Stores(accounts, playbook, http)
    mailer = _mailer(resources, stores)
    answering = Answering(database, playbook, _templates(resources), adapters(accounts, playbook, database, http), mailer.send)
    reading = Reading(playbook, reader)
    tickets, lanes = TicketRecords(database, playbook, stores, reading), Lanes(client, TASK_QUEUE)
    written = [
        Refunds(ledger, stores).refund,
        Replacements(ledger, stores).replace,
        Cancelling(ledger, stores).cancel_replacement,
        Restocking(ledger, stores).restock,
    ]
    called_at = resources.settings.inbox_url
    watch = StoreWatch(stores, database, called_at)
    alerts = Alerts(ledger, accounts, http, called_at)
    main = QueueContents(
        workflows=[process.workflow for process in registry.discover().values()],
        activities=[
            *_records(resources, stores, reading),
            tickets.open_ticket,
            tickets.read_message,
            answering.send_mail,
            mailer.tell_staff,
            alerts.tell,
            lanes.settle,
        ],
    )
    queues = {TASK_QUEUE: main}
    for name, account in accounts.bigcommerce.items():
        rate = account.calls_per_second / _CALLS_PER_REFUND
        queues[store_queue(name)] = QueueContents((), [*written, tickets.fill_context, watch.watch], rate)
    carriers = _carrier_queues(resources, ledger, stores, http, mailer)
    return queues | carriers | _ledger_queues(resources, ledger, stores, http)


def _carrier_queues(
    resources: Resources, ledger: "EffectLedger", stores: "Stores", http: "httpx.AsyncClient", mailer: "Mailer"
) -> dict[str, QueueContents]:
    from activities.carriers.labels import ReturnLabels
    from activities.carriers.models import carrier_queue
    from activities.carriers.pickups import Pickups
    from activities.carriers.watching import CarrierWatch

    accounts, playbook = resources.accounts, resources.playbook
    labels = ReturnLabels(ledger, stores, accounts, playbook, resources.blobs, http, mailer.send)
    pickups = Pickups(ledger, stores, accounts, playbook, http)
    carried = [
        labels.send_return_label,
        labels.void_label,
        pickups.schedule_pickup,
        pickups.cancel_pickup,
        CarrierWatch(accounts, http, resources.settings.inbox_url).watch,
    ]
    return {
        carrier_queue(name): QueueContents((), carried, account.calls_per_second / _CALLS_PER_LABEL)
        for name, account in accounts.shipstation.items()
    }


def _ledger_queues(
    resources: Resources, ledger: "EffectLedger", stores: "Stores", http: "httpx.AsyncClient"
) -> dict[str, QueueContents]:
    """Those of the books: of accounts, and of what people keep by hand."""
    from activities.finance.credit_notes import CreditNotes
    from activities.finance.ledger import Ledger
    from activities.finance.manual import ManualBooks
    from activities.finance.models import ledger_queue

    accounts = resources.accounts
    access = xero_access(resources.settings, accounts, resources.database, http)
    credit_notes, books = CreditNotes(ledger, Ledger(accounts, http, access)), ManualBooks(ledger, stores, accounts)
    queues = {ledger_queue(name): QueueContents((), [books.credit_note]) for name in accounts.manual}
    for name, account in accounts.xero.items():
        rate = account.calls_per_second / _CALLS_PER_CREDIT_NOTE
        queues[ledger_queue(name)] = QueueContents((), [credit_notes.credit_note], rate)
    return queues


def xero_access(settings: Settings, accounts: Accounts, database: "Database", http: "httpx.AsyncClient") -> "XeroAccess":
    """The tokens of the Xero accounts. The key is asked for only where one of them has tokens that change."""
    from activities.finance.xero_access import XeroAccess
    from workers.accounts.sealing import sealer

    connected = any(account.refresh_token for account in accounts.xero.values())
    return XeroAccess(database, sealer(settings) if connected else None, http)


def _records(resources: Resources, stores: "Stores", reading: "Reading") -> list[Callable[..., Any]]:
    """The activities that touch our own records alone."""
    from activities.records.casefile import CaseFile
    from activities.records.merging import Merging
    from activities.records.ownership import OwnershipRecords
    from activities.records.returns import ReturnRecords

    case_file = CaseFile(resources.database, resources.playbook)
    merging = Merging(resources.database, reading)
    ownership = OwnershipRecords(resources.database, resources.playbook)
    returns = ReturnRecords(resources.database, resources.playbook, stores)
    return [
        case_file.publish,
        case_file.read_case,
        case_file.decide_effect,
        ownership.ask_owner,
        merging.merge,
        merging.unmerge,
        merging.split,
        merging.read_merged,
        merging.hand_on,
        merging.read_reply,
        returns.open_return,
    ]


def _mailer(resources: Resources, stores: "Stores") -> "Mailer":
    from activities.mail.relay import Relay as MailRelay
    from activities.mail.sending import Mailer

    settings = resources.settings

    async def buyer_of(store: str, order_id: str) -> tuple[str, str]:
        buyer = await stores.buyer_address(store, order_id)
        return buyer.email, buyer.name

    relay = None
    if settings.relay_address is not None:
        host, port = settings.relay_address
        user, password = settings.smtp_relay_user, settings.smtp_relay_password
        relay = MailRelay(host, port, user, password, settings.smtp_relay_security)
    return Mailer(resources.database, resources.blobs, resources.playbook, relay, _templates(resources), buyer_of)


def _templates(resources: Resources) -> "Templates":
    from activities.mail.templates import Templates

    return Templates(resources.playbook)


def worker_background(resources: Resources, client: Client, http: "httpx.AsyncClient") -> list[Background]:
    """What runs beside the workers of the queue `casework`."""
    from activities.bigcommerce.stores import Stores
    from activities.carriers.tracking import Tracking
    from activities.channels.adapters import adapters, hook_doors
    from activities.records.order_reading import OrderReading
    from workers.imap import pollers as mailboxes
    from workers.order_reading import OrderReader
    from workers.pollers import Pollers
    from workers.relay import Relay

    channels = adapters(resources.accounts, resources.playbook, resources.database, http)
    limit, doors = resources.settings.message_size_limit, hook_doors(resources.accounts, http)
    pollers = Pollers(resources.database, resources.blobs, resources.playbook, channels, limit, doors)
    stores = Stores(resources.accounts, resources.playbook, http)
    orders = OrderReader(resources.database, OrderReading(stores, Tracking(resources.accounts, http)))
    return [
        Background("orders of open cases", orders.run),
        Background("outbox relay", Relay(resources.database, client).run),
        Background("channel pollers", pollers.run),
        *mailboxes(resources.accounts.imap, resources.database, resources.blobs, resources.playbook),
    ]


def api_application(resources: Resources, http: "httpx.AsyncClient") -> Any:
    """The ASGI application: JSON API, webhooks and inbox."""
    from activities.channels.adapters import adapters, hook_doors
    from api.app import create_app
    from api.options import ApiOptions

    settings = resources.settings
    options = ApiOptions(
        public_url=settings.inbox_url,
        temporal_ui_url=settings.temporal_ui_url,
        admin_token=settings.admin_token,
        message_size_limit=settings.message_size_limit,
        chat_origins={store: account.origins for store, account in resources.accounts.chat.items()},
    )
    channels = adapters(resources.accounts, resources.playbook, resources.database, http)
    doors = hook_doors(resources.accounts, http)
    return create_app(resources.database, resources.blobs, resources.playbook, registry.discover(), options, channels, doors)


def api_background(resources: Resources) -> list[Background]:
    """What runs beside the API in its process: the mail door, and the look at the playbook."""
    from api.smtp import SmtpListener

    settings = resources.settings
    listener = SmtpListener(
        resources.database,
        resources.blobs,
        resources.playbook,
        settings.smtp_host,
        settings.smtp_port,
        settings.message_size_limit,
    )

    async def listen() -> None:
        await listener.start()
        try:
            await asyncio.Event().wait()
        finally:
            await listener.stop()

    return [Background("SMTP listener", listen), watching(resources.watch)]


async def run_worker(settings: Settings, only: list[str], ready_file: Any = None) -> None:
    """The worker process: all queues, or those named.

    Raises CommandError for a queue that does not exist.
    """
    from datetime import timedelta

    from activities._kit.http import open_client
    from activities.understanding.reader import Reader
    from workers.understanding import learned_folder, seeds_folder
    from workers.watches import begin_watches

    async with open_resources(settings) as resources, open_client() as http:
        client = await temporal.connect(lifecycle.runtime(settings.metrics_port))
        await search_attributes.register(client)
        reader = Reader(learned_folder(settings), seeds_folder(settings))
        # Before the first message asks: a new installation teaches its model, which takes longer than a look-up may.
        await asyncio.to_thread(reader.read, "", "Where is my order?", ("en",))
        queues = task_queues(resources, client, http, reader)
        unknown = [name for name in only if name not in queues]
        if unknown:
            raise CommandError(f"no task queue {unknown[0]!r}; there are: {', '.join(queues)}")
        if not only or TASK_QUEUE in only:
            await begin_watches(client, resources.accounts)
        served = {name: contents for name, contents in queues.items() if not only or name in only}
        await lifecycle.run_workers(
            client,
            served,
            stop=lifecycle.stop_on_signals(),
            background=[
                watching(resources.watch),
                *(worker_background(resources, client, http) if TASK_QUEUE in served else []),
            ],
            graceful_shutdown=timedelta(seconds=settings.graceful_shutdown_seconds),
            ready_file=ready_file,
        )
