"""The playbook the product ships with, copied to where a test may spoil it."""

import shutil
from pathlib import Path

import pytest

from playbook.loader import DEFAULT_FOLDER


class Folder:
    """A playbook's folder to write in."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def change(self, name: str, old: str, new: str) -> None:
        """Replaces the first `old` in a file."""
        text = (self.path / name).read_text(encoding="utf-8")
        assert old in text, f"{name} has no {old!r}"
        (self.path / name).write_text(text.replace(old, new, 1), encoding="utf-8")


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    copied = tmp_path / "playbook"
    shutil.copytree(DEFAULT_FOLDER, copied, ignore=shutil.ignore_patterns("*.py", "__pycache__"))
    return Folder(copied)
