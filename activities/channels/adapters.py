"""All adapters, made of the accounts file. A new provider is one line."""

from collections.abc import Callable, Iterator, Mapping
from typing import TypeVar

import httpx

from activities._kit.accounts import Accounts
from activities.carriers.qapla_hooks import QaplaHooks
from activities.carriers.shipstation_hooks import ShipStationHooks
from activities.channels.bigcommerce_messages import BigCommerceMessages
from activities.channels.changes import HookDoors
from activities.channels.chat import ChatAdapter
from activities.channels.ebay import Ebay
from activities.channels.port import ChannelAdapter
from activities.channels.ringcentral import RingCentral
from activities.channels.shopify import Shopify
from activities.channels.threecx import ThreeCx
from activities.channels.tiktok import TikTok
from activities.channels.twilio import twilio
from activities.channels.whatsapp import WhatsApp
from activities.finance.xero_hooks import XeroHooks
from playbook.running import RunningPlaybook
from storage.engine import Database

Account = TypeVar("Account")
Channels = Mapping[tuple[str, str], ChannelAdapter]
"""Adapters by provider and account."""


def adapters(accounts: Accounts, playbook: RunningPlaybook, database: Database, http: httpx.AsyncClient) -> Channels:
    """One adapter for each connected account, and the chat of every store."""
    return {
        **{(ChatAdapter.name, store): ChatAdapter(database) for store in playbook.now.stores},
        **dict(_each(BigCommerceMessages, accounts.bigcommerce, http)),
        **dict(_each(Ebay, accounts.ebay, http)),
        **{(RingCentral.name, name): RingCentral(name, each, playbook, http) for name, each in accounts.ringcentral.items()},
        **dict(_each(Shopify, accounts.shopify, http)),
        **{(ThreeCx.name, name): ThreeCx(name, each, playbook, http) for name, each in accounts.threecx.items()},
        **dict(_each(TikTok, accounts.tiktok, http)),
        **dict(_each(twilio, accounts.twilio, http)),
        **dict(_each(WhatsApp, accounts.whatsapp, http)),
    }


def hook_doors(accounts: Accounts, http: httpx.AsyncClient) -> HookDoors:
    """The accounts of carriers and books that call us."""
    return {
        **{(QaplaHooks.name, name): QaplaHooks(each) for name, each in accounts.qapla.items()},
        **{(ShipStationHooks.name, name): ShipStationHooks(each, http) for name, each in accounts.shipstation.items()},
        **{(XeroHooks.name, name): XeroHooks(each) for name, each in accounts.xero.items()},
    }


def _each(
    make: Callable[[str, Account, httpx.AsyncClient], ChannelAdapter], accounts: Mapping[str, Account], http: httpx.AsyncClient
) -> Iterator[tuple[tuple[str, str], ChannelAdapter]]:
    for name, account in accounts.items():
        adapter = make(name, account, http)
        yield (adapter.name, name), adapter
