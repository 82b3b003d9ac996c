"""What is asked of an account that is watched, and what its watch finds."""

from pydantic import AwareDatetime, BaseModel, ConfigDict


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True)


class WatchRequest(_Model):
    """Look through what changed in the account since then; a store's account is named by its key."""

    account: str
    since: AwareDatetime


class Watched(_Model):
    """What changed before `until` is looked through, and there may be `more`; `changed` orders of open cases are read again.
    `created` and `switched_on` are what the hooks were for that were missing or off."""

    until: AwareDatetime
    more: bool = False
    changed: int = 0
    created: tuple[str, ...] = ()
    switched_on: tuple[str, ...] = ()
