"""The key that seals provider accounts: kept beside the process, never in the database."""

import os
from pathlib import Path

from cryptography.fernet import Fernet

from storage.sealing import Sealer, SealError
from workers.errors import CommandError
from workers.settings import Settings

_KEY_FILE = "account-key"


def sealer(settings: Settings) -> Sealer:
    """Raises CommandError where there is no key, or one that is none."""
    file = _key_file(settings)
    try:
        return Sealer(settings.key or file.read_text())
    except FileNotFoundError:
        raise CommandError(f"accounts are stored sealed, and there is no key: set CASEWORK_KEY, or bring back {file}") from None
    except SealError as error:
        raise CommandError(str(error)) from error


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
