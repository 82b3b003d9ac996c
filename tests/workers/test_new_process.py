"""A process written from the templates is found by the registry, passes its test, and bad names are refused."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from workers.errors import CommandError
from workers.new_process import write_process

ROOT = Path(__file__).parent.parent.parent
PACKAGES = ("activities", "domain", "playbook", "storage", "workers", "workflows")


@pytest.mark.parametrize(
    "name", ["Warranty", "_kit", "class", "../x", "a b", "9lives", "", "a__b", "x" * 50, "json", "warranty-claim"]
)
def test_bad_names_are_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(CommandError, match=r"cannot be a process|is a word of Python"):
        write_process(name, tmp_path)
    assert not list(tmp_path.iterdir())


def test_taken_name_is_refused() -> None:
    with pytest.raises(CommandError, match="'ticket' is there already"):
        write_process("ticket")


def test_generated_process_passes_its_own_test(tmp_path: Path) -> None:
    for package in PACKAGES:
        shutil.copytree(ROOT / package, tmp_path / package, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    for support in ("__init__.py", "conftest.py", "workflows/__init__.py", "workflows/conftest.py", "workflows/world.py"):
        (tmp_path / "tests" / "workflows").mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / "tests" / support, tmp_path / "tests" / support)
    write_process("warranty_claim", tmp_path)
    for command in (
        ["-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/workflows/test_warranty_claim.py"],
        ["-m", "ruff", "check", "--no-cache", "workflows/warranty_claim", "tests/workflows"],
        ["-m", "ruff", "format", "--check", "--no-cache", "workflows/warranty_claim", "tests/workflows"],
    ):
        result = subprocess.run(
            [sys.executable, *command], cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False
        )
        assert result.returncode == 0, result.stdout + result.stderr
