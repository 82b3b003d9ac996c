"""`casework connect` as it is typed, against the stand-ins and a real database: what works is stored sealed."""

import asyncio
import json
import stat
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx
import psycopg
import pytest
from cryptography.fernet import Fernet
from typer.testing import CliRunner, Result

from activities._kit.accounts import BigCommerceAccount
from activities._kit.http import open_client
from storage.engine import open_database
from tests.simulators.conftest import Running, start
from workers.accounts.checks import check
from workers.accounts.connecting import all_accounts, connect
from workers.command_line import application
from workers.doctor import examine
from workers.errors import CommandError
from workers.settings import load_settings

pytestmark = pytest.mark.simulators

DEMO_WORLD = Path(__file__).parents[2] / "simulators" / "demo_world.json"
TOKEN = "northwind-access-token"


@pytest.fixture(scope="module")
def outside() -> Iterator[Running]:
    running = start(None)
    yield running
    running.stop()


class Shell:
    """One installation and what is typed there."""

    def __init__(self, folder: Path, database_url: str, outside: Running) -> None:
        self.folder, self.url, self.database_url = folder, outside.url, database_url
        self.accounts = folder / "accounts.yaml"
        self.accounts.write_text("shipstation: {}\n")
        self.fields = {
            "api": f"{self.url}/bigcommerce/stores/nwtools1",
            "b2b": f"{self.url}/bigcommerce/b2b/api/v3/io",
            "store_hash": "nwtools1",
            "token": TOKEN,
        }

    def type(self, *words: str) -> Result:
        return CliRunner().invoke(application, words)

    def connect(self, *more: str, **changed: str) -> Result:
        pairs = [part for name, value in (self.fields | changed).items() for part in ("--set", f"{name}={value}")]
        return self.type("connect", "bigcommerce", "northwind-tools", *pairs, *more)

    def stored(self) -> list[tuple[str, str, bytes]]:
        with psycopg.connect(self.database_url.replace("+psycopg", "")) as connection:
            found = connection.execute("SELECT provider, name, sealed FROM account_credentials ORDER BY 1, 2")
            return [(row[0], row[1], bytes(row[2])) for row in found.fetchall()]

    def token(self) -> str:
        async def read() -> str:
            database = open_database(self.database_url)
            try:
                accounts = await all_accounts(load_settings(), database)
            finally:
                await database.close()
            return accounts.bigcommerce["northwind-tools"].token

        return asyncio.run(read())


@pytest.fixture
def shell(tmp_path: Path, database_url: str, outside: Running, monkeypatch: pytest.MonkeyPatch) -> Shell:
    found = Shell(tmp_path, database_url, outside)
    monkeypatch.setenv("CASEWORK_DATABASE_URL", database_url)
    monkeypatch.setenv("CASEWORK_DATA", str(tmp_path))
    monkeypatch.delenv("CASEWORK_ACCOUNTS", raising=False)
    monkeypatch.delenv("CASEWORK_KEY", raising=False)
    return found


async def test_a_scope_that_only_the_report_needs_is_not_demanded() -> None:
    """A token that may read everything but the store's own information."""

    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith(("/v2/store", "/v3/channels")):
            return httpx.Response(403, json={"status": 403, "title": "You don't have a required scope"})
        return httpx.Response(200, json=[] if "/v2/" in request.url.path else {"data": [], "meta": {}})

    account = BigCommerceAccount(api="http://store/stores/x", b2b="", store_hash="x", token="t")
    async with open_client(httpx.MockTransport(answer)) as client:
        said = [line async for line in check("bigcommerce", account, client)]
    assert any(line.startswith("which store this is may not be read") for line in said)
    assert said[-1] == "no order yet to look at"


def test_a_store_is_tried_shown_and_stored_sealed(shell: Shell) -> None:
    done = shell.connect("--order", "10452")
    assert done.exit_code == 0, done.output
    assert "ok   store: Northwind Tools, EUR, live; storefronts: Default Storefront" in done.output
    assert "ok   allowed: store_v2_orders" in done.output
    assert "ok   allowed: B2B Edition" in done.output
    assert "order 10452 is read as: Partially Shipped" in done.output
    assert "3 shipments" in done.output
    [(provider, name, sealed)] = shell.stored()
    assert (provider, name) == ("bigcommerce", "northwind-tools")
    assert TOKEN.encode() not in sealed
    assert shell.token() == TOKEN
    key = shell.folder / "account-key"
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    assert TOKEN not in done.output


@pytest.mark.parametrize(
    ("changed", "more", "words"),
    [
        ({"token": "revoked"}, (), "store_v2_orders: BigCommerce (401)"),
        ({"api": "http://127.0.0.1:9/stores/nwtools1"}, (), "BigCommerce: ConnectError"),
        ({}, ("--order", "99999999"), "the store has no order 99999999"),
        ({"calls_per_second": "often"}, (), "calls_per_second: Input should be a valid number"),
        ({"colour": "blue"}, (), "colour: Extra inputs are not permitted"),
    ],
)
def test_what_does_not_work_is_named_and_not_stored(
    shell: Shell, changed: dict[str, str], more: tuple[str, ...], words: str
) -> None:
    done = shell.connect(*more, **changed)
    assert isinstance(done.exception, CommandError)
    assert words in str(done.exception)
    assert shell.stored() == []
    assert not (shell.folder / "account-key").exists()


def test_what_is_missing_is_named_where_nobody_can_be_asked(shell: Shell) -> None:
    done = shell.type("connect", "shipstation", "main", "--set", f"api={shell.url}/shipstation")
    assert str(done.exception) == "missing: key; give each with --set FIELD=VALUE"


def test_a_file_keeps_the_secret_out_of_the_command(shell: Shell) -> None:
    fields = shell.folder / "carrier.yaml"
    fields.write_text(json.dumps({"api": f"{shell.url}/shipstation", "key": "shipstation-demo-key"}))
    done = shell.type("connect", "shipstation", "main", "--from-file", str(fields))
    assert done.exit_code == 0, done.output
    assert "ok   carriers: " in done.output
    assert [row[:2] for row in shell.stored()] == [("shipstation", "main")]


def test_an_account_stands_in_one_place(shell: Shell) -> None:
    assert shell.connect().exit_code == 0
    shell.accounts.write_text(json.dumps({"bigcommerce": {"northwind-tools": shell.fields}}))
    assert "take it out there first" in str(shell.connect().exception)
    with pytest.raises(CommandError, match="is connected as well; take it out of the file"):
        shell.token()
    assert shell.type("disconnect", "bigcommerce", "northwind-tools").exit_code == 0
    assert shell.token() == TOKEN
    assert "is not connected" in str(shell.type("disconnect", "bigcommerce", "northwind-tools").exception)


def test_without_its_key_nothing_can_be_read(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    assert shell.connect().exit_code == 0
    key = shell.folder / "account-key"
    kept = key.read_text()
    key.unlink()
    with pytest.raises(CommandError, match="there is no key: set CASEWORK_KEY, or bring back"):
        shell.token()
    monkeypatch.setenv("CASEWORK_KEY", Fernet.generate_key().decode())
    with pytest.raises(CommandError, match="northwind-tools was sealed with another key"):
        shell.token()
    monkeypatch.setenv("CASEWORK_KEY", "short")
    with pytest.raises(CommandError, match="CASEWORK_KEY holds no key"):
        shell.token()
    monkeypatch.setenv("CASEWORK_KEY", kept)
    assert shell.token() == TOKEN


def test_a_key_is_replaced_and_the_old_one_thrown_away(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    assert shell.connect().exit_code == 0
    old, new = (shell.folder / "account-key").read_text(), Fernet.generate_key().decode()
    monkeypatch.setenv("CASEWORK_KEY", f"{new},{old}")
    done = shell.type("reseal")
    assert done.output == "1 accounts are sealed with the newest key\n"
    monkeypatch.setenv("CASEWORK_KEY", new)
    assert shell.token() == TOKEN


def test_an_account_put_in_the_place_of_another_is_refused(shell: Shell) -> None:
    assert shell.connect().exit_code == 0
    with psycopg.connect(shell.database_url.replace("+psycopg", "")) as connection:
        connection.execute("UPDATE account_credentials SET name = 'casa-lumen'")
    with pytest.raises(CommandError, match="bigcommerce/casa-lumen holds another account's secrets"):
        shell.token()


def test_the_doctor_tries_each_account(shell: Shell) -> None:
    assert shell.connect().exit_code == 0
    shell.accounts.write_text(json.dumps({"shipstation": {"main": {"api": f"{shell.url}/shipstation", "key": "wrong"}}}))
    found = {finding.name: finding for finding in asyncio.run(examine(load_settings()))}
    assert found["bigcommerce/northwind-tools"].healthy
    assert not found["shipstation/main"].healthy
    assert "ShipStation" in found["shipstation/main"].words


class Person:
    """Who is asked: brings the address that the browser ends at, made from the one that was shown."""

    def __init__(self, code: str = "xero-demo-code", **changed: str) -> None:
        self.said: list[str] = []
        self._code, self._changed = code, changed

    def ask(self, field: str, hidden: bool) -> str:
        if field == "the address you ended at":
            shown = next(line for line in self.said if line.startswith("https://login.xero.com/"))
            told = {name: values[0] for name, values in parse_qs(urlsplit(shown).query).items()}
            answer = {"code": self._code, "state": told["state"]} | self._changed
            return f"{told['redirect_uri']}?{urlencode(answer)}"
        assert hidden == (field == "client_secret")
        return {"client_id": "xero-demo-client", "client_secret": "xero-demo-secret"}[field]

    def connect(self, shell: Shell) -> None:
        given = {"api": f"{shell.url}/xero/api.xro/2.0", "identity": f"{shell.url}/xero/identity"}
        asyncio.run(connect(load_settings(), "xero", "main", given, None, self.ask, self.said.append))


def test_a_person_agrees_at_xero_and_the_tokens_are_kept(shell: Shell) -> None:
    httpx.put(f"{shell.url}/_sim/world", content=DEMO_WORLD.read_bytes()).raise_for_status()
    person = Person()
    person.connect(shell)
    assert "ok   allowed: accounting.transactions" in person.said
    assert [row[:2] for row in shell.stored()] == [("xero", "main")]
    found = {finding.name: finding for finding in asyncio.run(examine(load_settings()))}
    assert found["xero/main"].healthy, found["xero/main"].words


@pytest.mark.parametrize(
    ("person", "words"),
    [
        (Person(error="access_denied", error_description="The user said no"), "Xero did not let us in: The user said no"),
        (Person(state="of-another"), "that address is not the answer to this request"),
        (Person(code="used-before"), "invalid_grant: the address may have been used before"),
    ],
)
def test_who_does_not_agree_stores_nothing(shell: Shell, person: Person, words: str) -> None:
    with pytest.raises(CommandError, match=words):
        person.connect(shell)
    assert shell.stored() == []


def test_xero_needs_a_person_at_a_terminal(shell: Shell) -> None:
    done = shell.type("connect", "xero", "main", "--set", "client_id=a", "--set", "client_secret=b")
    assert str(done.exception) == "Xero is agreed to by a person in the browser; run this at a terminal"
    assert shell.stored() == []
