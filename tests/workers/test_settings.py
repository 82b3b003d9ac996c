"""Settings are read once, and what is wrong is said with the variable's name."""

from pathlib import Path

import pytest

from workers.errors import CommandError
from workers.settings import Settings, load_settings, require_database_url


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in Settings.model_fields:
        monkeypatch.delenv(f"CASEWORK_{name.upper()}", raising=False)


def test_defaults_are_those_of_the_contract() -> None:
    settings = load_settings()
    assert (settings.http_port, settings.smtp_port, settings.temporal_port, settings.simulator_port) == (8000, 2525, 7233, 8100)
    assert settings.temporal_ui_port == 8233
    assert settings.data == Path(".casework")
    assert settings.accounts_file == Path(".casework/accounts.yaml")
    assert settings.mailbox_port == 8125


def test_environment_wins(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CASEWORK_HTTP_PORT", "18000")
    monkeypatch.setenv("CASEWORK_SMTP_RELAY", "mail.example.com:587")
    settings = load_settings()
    assert settings.inbox_url == "http://127.0.0.1:18000"
    assert settings.relay_address == ("mail.example.com", 587)


def test_empty_variable_is_not_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CASEWORK_BLOBS_URL", "")
    assert load_settings().blobs_url is None


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("CASEWORK_HTTP_PORT", "eighty", "valid integer"),
        ("CASEWORK_HTTP_PORT", "70000", "less than or equal to 65535"),
        ("CASEWORK_TEMPORAL_PORT", "65000", "less than or equal to 64535"),
        ("CASEWORK_SMTP_RELAY", "mail.example.com", "host:port"),
        ("CASEWORK_LOG_FORMAT", "xml", "'auto', 'json' or 'console'"),
        ("CASEWORK_DATABASE_URL", "mysql://localhost/casework", "PostgreSQL address"),
    ],
)
def test_wrong_value_names_its_variable(monkeypatch: pytest.MonkeyPatch, name: str, value: str, words: str) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(CommandError, match=f"{name}: .*{words}"):
        load_settings()


def test_secrets_are_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CASEWORK_DATABASE_URL", "mysql://me:secret@db/x")
    with pytest.raises(CommandError) as raised:
        load_settings()
    assert "secret" not in str(raised.value)


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg"])
def test_driver_is_named(scheme: str) -> None:
    settings = load_settings(database_url=f"{scheme}://casework@database/casework")
    assert require_database_url(settings) == "postgresql+psycopg://casework@database/casework"


def test_missing_database_is_told_with_a_way_out(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match=r"CASEWORK_DATABASE_URL is not set and .*casework up"):
        require_database_url(load_settings(data=tmp_path))
