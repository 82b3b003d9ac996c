"""The locks can be installed anywhere: pinned, hashed, and without a trace of the machine that made them."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent


@pytest.fixture(params=["requirements.lock", "requirements-dev.lock"])
def text(request: pytest.FixtureRequest) -> str:
    return (ROOT / request.param).read_text()


def test_no_address_and_no_path(text: str) -> None:
    assert "://" not in text
    assert not re.search(r"^\s*--(?!hash=sha256:)", text, re.MULTILINE)
    assert not re.search(r"(^|\s)(file:|/|\.\./|-e\b|@ )", text)


def test_everything_is_pinned_and_hashed(text: str) -> None:
    requirements = text.replace("\\\n", "").splitlines()
    for requirement in requirements:
        if requirement and not requirement.startswith("#"):
            assert re.match(r"[A-Za-z0-9._-]+==[^ ]+ ", requirement), requirement
            assert "--hash=sha256:" in requirement


def test_what_builds_the_project_is_in_the_lock(text: str) -> None:
    assert re.search(r"^setuptools==", text, re.MULTILINE)


def test_development_lock_agrees_with_the_other() -> None:
    def pins(name: str) -> set[str]:
        return set(re.findall(r"^([A-Za-z0-9._-]+==[^ ]+)", (ROOT / name).read_text(), re.MULTILINE))

    assert pins("requirements.lock") <= pins("requirements-dev.lock")
