"""Shopify: its hooks are verified and acknowledged, and hold no message.

Shopify has no API for the chat of its inbox; what buyers write there, in the contact form and as notes of orders reaches the
merchant by mail, and comes in by mail here too. Orders and customers are looked up when a ticket asks for them, so that a hook
changes nothing.

Source: Shopify, "Deliver webhooks through HTTPS".
"""

from collections.abc import Sequence
from typing import ClassVar

import httpx

from activities._kit.accounts import ShopifyAccount
from activities._kit.errors import NotSupported
from activities.channels.port import BadSignature, Hook, HookAnswer, Limits, Outbound, Polled, Receipt
from activities.channels.signatures import base64_digest, header, same
from domain.messages import Channel, InboundMessage


class Shopify:
    """One shop. Its time of sending is in a header that is not signed; a repeated hook changes nothing."""

    name: ClassVar[str] = "shopify"
    channel: ClassVar[Channel] = Channel.MARKETPLACE
    limits: ClassVar[Limits] = Limits(text_length=0)

    def __init__(self, name: str, account: ShopifyAccount, http: httpx.AsyncClient) -> None:
        self._account = account

    def verify(self, hook: Hook) -> HookAnswer | None:
        if not same(base64_digest(self._account.client_secret, hook.body), header(hook, "x-shopify-hmac-sha256")):
            raise BadSignature("X-Shopify-Hmac-Sha256 does not fit the body")
        return None

    def parse(self, hook: Hook) -> Sequence[InboundMessage]:
        return ()

    async def poll(self, cursor: str | None) -> Polled:
        raise NotSupported("Shopify has no messages to poll")

    async def send(self, outbound: Outbound) -> Receipt:
        raise NotSupported("Shopify has no API for answers; answer by mail")

    async def find(self, outbound: Outbound) -> Receipt | None:
        raise NotSupported("Shopify has no API for answers")
