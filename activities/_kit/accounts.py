"""The provider accounts a merchant connected: addresses and secrets, read from one file outside the playbook."""

from pathlib import Path
from typing import Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from domain.playbook import Origin


class _Account(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class BigCommerceAccount(_Account):
    """One store. `api` ends in `/stores/{hash}`, without version; `b2b` ends in `/api/v3/io`."""

    api: str
    b2b: str
    store_hash: str
    token: str = Field(repr=False)
    client_secret: str = Field(default="", repr=False)
    calls_per_second: float = Field(default=5.0, gt=0)
    """HTTP calls: the smallest plan allows 150 in 30 s, for all apps of the store."""


class ShipStationAccount(_Account):
    """`api` ends before `/v1`."""

    api: str
    key: str = Field(repr=False)
    calls_per_second: float = Field(default=3.0, gt=0)
    """HTTP calls: ShipStation takes 200 a minute."""


class XeroAccount(_Account):
    """`api` ends in `/api.xro/2.0`. `refund_account` is the code of the bank account that refunds paid by the store are
    booked against."""

    api: str
    token: str = Field(repr=False)
    tenant_id: str
    webhook_key: str = Field(default="", repr=False)
    refund_account: str = "090"
    calls_per_second: float = Field(default=0.9, gt=0)
    """HTTP calls: Xero takes 60 a minute from one tenant."""


class RingCentralAccount(_Account):
    """`api` ends before `/restapi`. `hook_url` is where its hooks reach our door, account name included."""

    api: str
    client_id: str
    client_secret: str = Field(repr=False)
    jwt: str = Field(repr=False)
    verification_token: str = Field(repr=False, min_length=16)
    """Of our making: RingCentral sends it with each hook, which is otherwise unsigned."""
    hook_url: str
    store: str
    """Whose calls these are, where the number called does not tell."""
    stores: dict[str, str] = {}
    """Store by the number called, as E.164."""


class ThreeCxAccount(_Account):
    """`api` is the address of the telephone system, without path."""

    api: str
    client_id: str
    client_secret: str = Field(repr=False)
    store: str
    """Whose calls these are, where the extension called does not tell."""
    stores: dict[str, str] = {}
    """Store by the extension, queue or ring group that was called."""


class ChatAccount(_Account):
    """Sites that carry a store's chat widget on this installation, beside the playbook's: a staging shop, the demo's."""

    origins: tuple[Origin, ...]


class TwilioAccount(_Account):
    """One number at Twilio, for SMS or for WhatsApp. `number` is E.164 in both cases."""

    api: str = "https://api.twilio.com"
    sid: str
    token: str = Field(repr=False)
    """The auth token: it signs the hooks as well."""
    number: str = Field(pattern=r"^\+[1-9][0-9]{4,14}$")
    channel: Literal["sms", "whatsapp"] = "sms"
    store: str


class WhatsAppAccount(_Account):
    """One number at Meta's Cloud API. `api` ends in the version."""

    api: str = "https://graph.facebook.com/v23.0"
    phone_number_id: str
    token: str = Field(repr=False)
    app_secret: str = Field(repr=False)
    verify_token: str = Field(repr=False)
    store: str


class EbayAccount(_Account):
    """One seller. `app_id` and `cert_id` are the application's keys, `refresh_token` is what the seller granted it."""

    api: str = "https://api.ebay.com"
    username: str
    app_id: str
    cert_id: str = Field(repr=False)
    refresh_token: str = Field(repr=False)
    verification_token: str = Field(repr=False)
    store: str


class TikTokAccount(_Account):
    """One shop at TikTok Shop."""

    api: str = "https://open-api.tiktokglobalshop.com"
    app_key: str
    app_secret: str = Field(repr=False)
    access_token: str = Field(repr=False)
    shop_id: str
    shop_cipher: str
    store: str


class ShopifyAccount(_Account):
    """One shop; only its hooks are taken, and `client_secret` signs them."""

    client_secret: str = Field(repr=False)
    store: str


class Accounts(_Account):
    """All accounts by the name the playbook uses for them. BigCommerce and chat accounts are named by store key.

    The names of channel accounts are part of the addresses their hooks go to: `/webhooks/{provider}/{account}`.
    """

    bigcommerce: dict[str, BigCommerceAccount] = {}
    shipstation: dict[str, ShipStationAccount] = {}
    xero: dict[str, XeroAccount] = {}
    ringcentral: dict[str, RingCentralAccount] = {}
    threecx: dict[str, ThreeCxAccount] = {}
    chat: dict[str, ChatAccount] = {}
    twilio: dict[str, TwilioAccount] = {}
    whatsapp: dict[str, WhatsAppAccount] = {}
    ebay: dict[str, EbayAccount] = {}
    tiktok: dict[str, TikTokAccount] = {}
    shopify: dict[str, ShopifyAccount] = {}


class AccountsError(ValueError):
    """The accounts file is missing or wrong; the message names the file and the place."""


def load_accounts(path: Path) -> Accounts:
    """Reads `accounts.yaml`.

    Raises AccountsError where the file is missing, is not YAML or holds what no account has.
    """
    try:
        return Accounts.model_validate(yaml.safe_load(path.read_text()) or {})
    except FileNotFoundError:
        raise AccountsError(f"{path}: no such file; write one or set CASEWORK_ACCOUNTS") from None
    except yaml.YAMLError as error:
        raise AccountsError(f"{path}: not YAML: {error}") from error
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise AccountsError(f"{path}: {where}: {first['msg']}") from error
