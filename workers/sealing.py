"""The key that seals provider accounts: kept beside the process, never in the database."""

import json
import os
from pathlib import Path
from typing import Any

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from storage.credentials import Sealed
from workers.errors import CommandError
from workers.settings import Settings

_KEY_FILE = "account-key"


class Sealer:
    """Seals with the newest key and opens with any (Fernet: AES-128-CBC and HMAC-SHA256)."""

    def __init__(self, keys: str) -> None:
        """`keys` are Fernet keys, the newest first, with commas between them. Raises CommandError where one is none."""
        try:
            self._keys = MultiFernet([Fernet(key.strip()) for key in keys.split(",") if key.strip()])
        except ValueError as error:
            raise CommandError(
                f"CASEWORK_KEY holds no key ({error}); `casework connect` makes one where the variable is not set"
            ) from error

    def seal(self, provider: str, name: str, account: dict[str, Any]) -> Sealed:
        """The name is sealed with it, so that no account can be put in the place of another."""
        content = json.dumps({"provider": provider, "name": name, "account": account})
        return Sealed(provider, name, self._keys.encrypt(content.encode()))

    def open(self, sealed: Sealed) -> dict[str, Any]:
        """Raises CommandError where no key fits, or it is another account's."""
        where = f"the account {sealed.provider}/{sealed.name}"
        try:
            content = json.loads(self._keys.decrypt(sealed.sealed))
        except InvalidToken as error:
            raise CommandError(f"{where} was sealed with another key; set CASEWORK_KEY to it, or connect it again") from error
        if (content["provider"], content["name"]) != (sealed.provider, sealed.name):
            raise CommandError(f"{where} holds another account's secrets; connect it again")
        return content["account"]


def sealer(settings: Settings) -> Sealer:
    """Raises CommandError where there is no key."""
    if settings.key is not None:
        return Sealer(settings.key)
    file = _key_file(settings)
    try:
        return Sealer(file.read_text())
    except FileNotFoundError:
        raise CommandError(f"accounts are stored sealed, and there is no key: set CASEWORK_KEY, or bring back {file}") from None


def sealer_for_writing(settings: Settings) -> tuple[Sealer, Path | None]:
    """The same, and where a key had to be made the file it is in, readable by its owner alone."""
    file = _key_file(settings)
    if settings.key is not None or file.exists():
        return sealer(settings), None
    file.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as opened:
        opened.write(Fernet.generate_key())
    return sealer(settings), file


def _key_file(settings: Settings) -> Path:
    return settings.data / _KEY_FILE
