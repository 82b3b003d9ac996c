"""The watch of one store's account.

Workflow id `account_watch-bigcommerce-<store>`: begun by the worker for each store that is connected, never by hand.
"""

from pydantic import AwareDatetime, BaseModel, ConfigDict


class WatchInput(BaseModel):
    """`since`: what changed from then on has not been looked through yet."""

    model_config = ConfigDict(frozen=True)

    store: str
    since: AwareDatetime
