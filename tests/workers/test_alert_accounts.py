"""The accounts of alert webhooks: what the file may say, and that every webhook of the playbook has one."""

from pathlib import Path

import pytest
import yaml

from activities._kit.accounts import AccountsError, load_accounts
from domain.playbook import Playbook
from domain.service_levels import AlertChannel
from workers.composition import require_alert_accounts
from workers.errors import CommandError

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
URL = "https://pager.example/hooks/1"


def accounts_file(folder: Path, **alert: str) -> Path:
    path = folder / "accounts.yaml"
    path.write_text(yaml.safe_dump({"alerts": {"pager": {"url": URL, "secret": SECRET, **alert}}}))
    return path


@pytest.mark.parametrize("url", [URL, "http://127.0.0.1:9000/", "http://[::1]:9000/", "http://localhost/alerts"])
def test_an_address_that_is_safe(tmp_path: Path, url: str) -> None:
    assert load_accounts(accounts_file(tmp_path, url=url)).alerts["pager"].url == url


@pytest.mark.parametrize(
    "url",
    [
        "http://pager.example/",
        "http://10.0.0.7/",
        "http://169.254.169.254/latest/",
        "http://localhost.pager.example/",
        "http://127.0.0.1@pager.example/",
        "ftp://127.0.0.1/",
        "https:///hooks",
        "pager.example",
    ],
)
def test_an_address_that_is_not(tmp_path: Path, url: str) -> None:
    with pytest.raises(AccountsError, match=r"accounts\.yaml: alerts\.pager\.url: must be an https:// address; http:// is for"):
        load_accounts(accounts_file(tmp_path, url=url))


@pytest.mark.parametrize(
    ("secret", "words"),
    [("tiny", "is too short: at least 24 bytes"), ("whsec_c2hvcnQ=", "is too short"), ("whsec_$$$", "is no base64; copy")],
)
def test_a_secret_that_cannot_sign(tmp_path: Path, secret: str, words: str) -> None:
    with pytest.raises(AccountsError, match=rf"accounts\.yaml: alerts\.pager\.secret: .*{words}") as refused:
        load_accounts(accounts_file(tmp_path, secret=secret))
    assert secret not in str(refused.value)


def test_neither_address_nor_secret_is_shown(tmp_path: Path) -> None:
    shown = repr(load_accounts(accounts_file(tmp_path)))
    assert SECRET not in shown
    assert URL not in shown


def test_every_webhook_of_the_playbook_has_an_account(tmp_path: Path, playbook: Playbook) -> None:
    def with_webhook(account: str) -> Playbook:
        return playbook.model_copy(update={"alert_channels": {"night": AlertChannel(title="the night", webhook=account)}})

    accounts = load_accounts(accounts_file(tmp_path))
    require_alert_accounts(playbook, accounts)
    require_alert_accounts(with_webhook("pager"), accounts)
    with pytest.raises(
        CommandError, match=r"alert_channels\.yaml: night\.webhook: the accounts file has no 'beeper' under alerts"
    ):
        require_alert_accounts(with_webhook("beeper"), accounts)
