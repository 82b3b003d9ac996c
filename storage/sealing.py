"""Seals what may not be read in a copy of the database. The key is kept elsewhere and given to the constructor."""

import json
from typing import Any

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from storage.credentials import Sealed


class SealError(ValueError):
    """A key is none or fits nothing; the message says which account."""


class Sealer:
    """Seals with the newest key and opens with any (Fernet: AES-128-CBC and HMAC-SHA256)."""

    def __init__(self, keys: str) -> None:
        """`keys` are Fernet keys, the newest first, with commas between them. Raises SealError where one is none."""
        try:
            self._keys = MultiFernet([Fernet(key.strip()) for key in keys.split(",") if key.strip()])
        except ValueError as error:
            raise SealError(f"CASEWORK_KEY holds no key ({error}); unset, `casework connect` makes one") from error

    def seal(self, provider: str, name: str, account: dict[str, Any]) -> Sealed:
        """The name is sealed with it, so that no account can be put in the place of another."""
        content = json.dumps({"provider": provider, "name": name, "account": account})
        return Sealed(provider, name, self._keys.encrypt(content.encode()))

    def open(self, sealed: Sealed) -> dict[str, Any]:
        """Raises SealError where no key fits, or it is another account's."""
        where = f"the account {sealed.provider}/{sealed.name}"
        try:
            content = json.loads(self._keys.decrypt(sealed.sealed))
        except InvalidToken as error:
            raise SealError(f"{where} was sealed with another key; set CASEWORK_KEY to it, or connect it again") from error
        if (content["provider"], content["name"]) != (sealed.provider, sealed.name):
            raise SealError(f"{where} holds another account's secrets; connect it again")
        return content["account"]
