"""The provider accounts a merchant connected: addresses and secrets, read from one file outside the playbook."""

from pathlib import Path
from typing import Literal, Self

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator


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


class Accounts(_Account):
    """All accounts by the name the playbook uses for them. BigCommerce accounts are named by store key."""

    bigcommerce: dict[str, BigCommerceAccount] = {}
    shipstation: dict[str, ShipStationAccount] = {}
    xero: dict[str, XeroAccount] = {}
    imap: dict[str, ImapAccount] = {}


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
