"""The provider accounts a merchant connected: addresses and secrets, read from one file outside the playbook."""

import base64
import binascii
from ipaddress import ip_address
from pathlib import Path
from typing import Literal, Self
from urllib.parse import urlsplit

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from domain.playbook import Origin

_SECRET_PREFIX = "whsec_"
_LEAST_KEY_BYTES = 24
"""As Standard Webhooks asks for."""


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


class QaplaAccount(_Account):
    """A channel of Qapla'. `key` is its private API key, which also proves its hooks."""

    api: str = "https://api.qapla.it"
    key: str = Field(repr=False, min_length=16)


class XeroAccount(_Account):
    """`api` ends in `/api.xro/2.0`. `refund_account` is the code of the bank account that refunds paid by the store are
    booked against. Either a `token` that somebody else renews, or what `casework connect` got for the application."""

    api: str = "https://api.xero.com/api.xro/2.0"
    identity: str = "https://identity.xero.com"
    """Ends before `/connect/token`."""
    token: str = Field(default="", repr=False)
    token_until: str | None = None
    """ISO 8601; of a connected account."""
    client_id: str = ""
    client_secret: str = Field(default="", repr=False)
    refresh_token: str = Field(default="", repr=False)
    """As it was when the account was read: the newest is in the database."""
    tenant_id: str
    webhook_key: str = Field(default="", repr=False)
    refund_account: str = "090"
    calls_per_second: float = Field(default=0.9, gt=0)
    """HTTP calls: Xero takes 60 a minute from one tenant."""

    @model_validator(mode="after")
    def _one_way_in(self) -> Self:
        if self.refresh_token and not (self.client_id and self.client_secret):
            raise ValueError("a refresh_token needs the client_id and client_secret it was given to")
        if not self.refresh_token and not self.token:
            raise ValueError("set token, or connect the account with `casework connect xero`")
        return self


class ManualLedgerAccount(_Account):
    """Books that people keep by hand. `title` is what they call them."""

    title: str


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


class ImapAccount(_Account):
    """One mailbox that is polled, all of its `folder`. `store` is whose mail it is where no recipient says so.

    A filed mail is moved to `processed_folder`, or gets `keyword`, or stays as it is. `port` is the usual one of `security`
    when not set.
    """

    host: str
    port: int | None = Field(default=None, ge=1, le=65535)
    security: Literal["tls", "starttls", "none"] = "tls"
    user: str
    password: str = Field(repr=False)
    store: str
    folder: str = "INBOX"
    processed_folder: str | None = None
    keyword: str | None = Field(default=None, pattern=r"^\$?[A-Za-z0-9_-]{1,60}$")

    @model_validator(mode="after")
    def _one_mark(self) -> Self:
        if self.processed_folder is not None and self.keyword is not None:
            raise ValueError("set processed_folder or keyword, not both")
        if self.processed_folder == self.folder:
            raise ValueError("processed_folder is the folder that is polled; name another")
        return self


class AlertAccount(_Account):
    """A receiver of alerts by webhook. `secret` signs them: `whsec_` and base64 as Standard Webhooks writes it, or any other
    text, whose own bytes then sign."""

    url: str = Field(repr=False)
    """It may itself hold a token, as those of chat rooms do."""
    secret: str = Field(repr=False)

    @field_validator("url")
    @classmethod
    def _safe(cls, url: str) -> str:
        parts = urlsplit(url)
        if not parts.hostname or (parts.scheme != "https" and not (parts.scheme == "http" and _is_here(parts.hostname))):
            raise ValueError(
                "must be an https:// address; http:// is for a receiver on this machine, such as http://127.0.0.1:9000/"
            )
        return url

    @field_validator("secret")
    @classmethod
    def _strong(cls, secret: str) -> str:
        if len(_signing_key(secret)) < _LEAST_KEY_BYTES:
            raise ValueError(f"is too short: at least {_LEAST_KEY_BYTES} bytes, such as `openssl rand -base64 32` after whsec_")
        return secret

    @property
    def key(self) -> bytes:
        """The bytes that sign."""
        return _signing_key(self.secret)


def _signing_key(secret: str) -> bytes:
    if not secret.startswith(_SECRET_PREFIX):
        return secret.encode()
    try:
        return base64.b64decode(secret.removeprefix(_SECRET_PREFIX), validate=True)
    except binascii.Error as error:
        raise ValueError(f"what stands after {_SECRET_PREFIX} is no base64; copy the secret whole") from error


def _is_here(host: str) -> bool:
    """Whether a host is this machine, by its name alone: nothing is looked up."""
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


class Accounts(_Account):
    """All accounts by the name the playbook uses for them. BigCommerce and chat accounts are named by store key.

    The names of channel accounts are part of the addresses their hooks go to: `/webhooks/{provider}/{account}`.
    """

    bigcommerce: dict[str, BigCommerceAccount] = {}
    shipstation: dict[str, ShipStationAccount] = {}
    qapla: dict[str, QaplaAccount] = {}
    xero: dict[str, XeroAccount] = {}
    manual: dict[str, ManualLedgerAccount] = {}
    ringcentral: dict[str, RingCentralAccount] = {}
    threecx: dict[str, ThreeCxAccount] = {}
    chat: dict[str, ChatAccount] = {}
    twilio: dict[str, TwilioAccount] = {}
    whatsapp: dict[str, WhatsAppAccount] = {}
    ebay: dict[str, EbayAccount] = {}
    tiktok: dict[str, TikTokAccount] = {}
    shopify: dict[str, ShopifyAccount] = {}
    imap: dict[str, ImapAccount] = {}
    alerts: dict[str, AlertAccount] = {}

    @model_validator(mode="after")
    def _one_ledger_of_a_name(self) -> Self:
        if twice := sorted(self.xero.keys() & self.manual.keys()):
            raise ValueError(f"{twice[0]!r} stands under xero and under manual; the playbook could mean either, so rename one")
        return self


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
        raise AccountsError(f"{path}: {where}: {first['msg'].removeprefix('Value error, ')}") from error
