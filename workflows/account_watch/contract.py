"""The watch of one provider account.

Workflow id `account_watch-<provider>-<account>`: begun by the worker for each account that is connected, never by hand.
"""

from typing import Literal

from pydantic import AliasChoices, AwareDatetime, BaseModel, ConfigDict, Field

WatchedProvider = Literal["bigcommerce", "shipstation"]


class WatchInput(BaseModel):
    """`since`: what changed from then on has not been looked through yet."""

    model_config = ConfigDict(frozen=True)

    provider: WatchedProvider = "bigcommerce"
    account: str = Field(validation_alias=AliasChoices("account", "store"))
    """Histories from when only stores were watched call it `store`."""
    since: AwareDatetime
