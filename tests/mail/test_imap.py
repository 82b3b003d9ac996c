"""The poller against Dovecot: whatever dies, restarts or renumbers, each mail is filed once and no mail stops the others."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sql
from sqlalchemy.exc import OperationalError

from activities._kit.accounts import ImapAccount
from activities._kit.errors import NeedsOperator, Transient
from activities.mail.imap import Mailbox
from domain.playbook import Playbook
from playbook.running import RunningPlaybook
from storage.blobs import Blobs
from storage.door_tables import mailboxes, raw_mails
from storage.engine import Database
from storage.tables import messages
from tests.mail.dovecot import MISSING, PROGRAM, Dovecot
from tests.mail.hostile.mails import ODD
from workers import imap
from workers.errors import CommandError
from workers.imap import Poller, pollers

pytestmark = [pytest.mark.simulators, pytest.mark.skipif(PROGRAM is None, reason=MISSING)]

ROOT = Path(__file__).parent.parent.parent
FOLDER = "Bestellungen & Rücksendungen 订单"
DONE = "Erledigt ✓ 已处理"
PATIENCE = 60


@pytest.fixture(scope="module")
def server() -> Iterator[Dovecot]:
    made = Dovecot()
    made.start()
    yield made
    made.remove()


@pytest.fixture
def dovecot(server: Dovecot) -> Dovecot:
    """The server with nothing in it."""
    server.stop()
    server.empty()
    server.start()
    return server


@pytest.fixture(autouse=True)
def _short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(imap, "_FIRST_PAUSE", 0.05)
    monkeypatch.setattr(imap, "_LONGEST_PAUSE", 0.2)
    monkeypatch.setattr(imap, "_OPERATOR_PAUSE", 0.2)


def mail(number: int, text: str = "Where is my order?") -> bytes:
    head = f"From: buyer{number}@acme.example\r\nSubject: Bestellung {number} 订单\r\nMessage-ID: <{number}@acme.example>\r\n"
    return f"{head}\r\n{text}".encode()


def mixed_mails(count: int) -> list[bytes]:
    """Ordinary and odd ones in turn; IMAP carries no NUL (RFC 9051 section 4.3)."""
    odd = [found.raw for found in ODD.values() if b"\x00" not in found.raw]
    odd = [b"X-Number: %d\r\nMessage-ID: <odd%d@acme.example>\r\n%b" % (n, n, odd[n % len(odd)]) for n in range(count // 2)]
    return [made for pair in zip(map(mail, range(count // 2)), odd, strict=True) for made in pair]


class Office:
    """A poller and what it has filed."""

    def __init__(self, database: Database, blobs: Blobs, playbook: Playbook) -> None:
        self.database, self.blobs, self.playbook = database, blobs, playbook

    @asynccontextmanager
    async def polling(self, account: ImapAccount, **options: Any) -> AsyncIterator[None]:
        given = {"interval": timedelta(seconds=0.2), "lease": timedelta(seconds=5)} | options
        task = asyncio.create_task(
            Poller("support", account, self.database, self.blobs, RunningPlaybook(self.playbook), **given).run()
        )
        try:
            yield
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    async def count(self, table: sql.Table = messages) -> int:
        async with self.database.begin() as connection:
            return (await connection.execute(sql.select(sql.func.count()).select_from(table))).scalar_one()

    async def row(self) -> Any:
        async with self.database.begin() as connection:
            return (await connection.execute(sql.select(mailboxes))).one_or_none()

    async def until(self, condition: Callable[[], Awaitable[bool]], what: str) -> None:
        for _ in range(PATIENCE * 20):
            if await condition():
                return
            await asyncio.sleep(0.05)
        pytest.fail(f"not within {PATIENCE} s: {what}; the row is {await self.row()}")

    async def filed(self, number: int) -> None:
        """Waits for so many messages, and then for one more look that finds no more."""

        async def there() -> bool:
            return await self.count() >= number

        await self.until(there, f"{number} messages")
        before = (await self.row()).checked_at

        async def looked_again() -> bool:
            now = (await self.row()).checked_at
            return now is not None and now != before

        await self.until(looked_again, "another look")
        assert await self.count() == number

    async def error(self, words: str) -> None:
        async def told() -> bool:
            row = await self.row()
            return row is not None and words in (row.error or "")

        await self.until(told, words)

    async def subjects(self) -> list[str]:
        async with self.database.begin() as connection:
            return list((await connection.scalars(sql.select(messages.c.subject))).all())


@pytest.fixture
def office(database: Database, blobs: Blobs, playbook: Playbook) -> Office:
    return Office(database, blobs, playbook)


async def test_filed_mails_are_moved_and_folders_have_names_of_any_script(office: Office, dovecot: Dovecot) -> None:
    with dovecot.client() as client:
        client.folder.create(FOLDER)
    dovecot.put(*(mail(number) for number in range(5)), folder=FOLDER)
    async with office.polling(dovecot.account(folder=FOLDER, processed_folder=DONE)):
        await office.filed(5)
    assert sorted(await office.subjects()) == [f"Bestellung {number} 订单" for number in range(5)]
    assert (dovecot.count(FOLDER), dovecot.count(DONE)) == (0, 5)
    row = await office.row()
    assert (row.last_uid, row.owner, row.error) == (5, None, None)
    async with office.database.begin() as connection:
        doors = (await connection.execute(sql.select(raw_mails.c.door, raw_mails.c.store).distinct())).all()
    assert [tuple(door) for door in doors] == [("imap:support", "northwind-tools")]


async def test_what_stays_in_its_folder_is_filed_once_and_gets_its_keyword(office: Office, dovecot: Dovecot) -> None:
    dovecot.put(*(mail(number) for number in range(5)))
    for _ in range(2):
        async with office.polling(dovecot.account(keyword="$Casework")):
            await office.filed(5)
    with dovecot.client() as client:
        flags = [set(found.flags) for found in client.fetch(mark_seen=False)]
    assert flags == [{"$Casework", "\\Recent"} & found | {"$Casework"} for found in flags]
    assert not any("\\Seen" in found for found in flags), "what people have not read is not marked as read"


_POLLER = """
import asyncio, json, sys
from datetime import timedelta
from activities._kit.accounts import ImapAccount
from playbook.loader import DEFAULT_FOLDER, load
from playbook.running import RunningPlaybook
from storage.blobs import open_blobs
from storage.engine import open_database
from workers.imap import Poller
url, folder, account = sys.argv[1:]
poller = Poller("support", ImapAccount.model_validate_json(account), open_database(url), open_blobs(folder),
                RunningPlaybook(load(DEFAULT_FOLDER)), timedelta(seconds=0.2), timedelta(seconds=0.5))
asyncio.run(poller.run())
"""


async def test_300_mails_survive_a_poller_that_is_killed_again_and_again(
    office: Office, dovecot: Dovecot, database_url: str, tmp_path: Path
) -> None:
    mails = mixed_mails(300)
    dovecot.put(*mails)
    account = dovecot.account(processed_folder=DONE)
    settings = account.model_dump_json().replace("**********", account.password)
    kills = 0
    for goal in range(40, 281, 40):
        command = [sys.executable, "-c", _POLLER, database_url, str(tmp_path / "blobs"), settings]
        process = await asyncio.create_subprocess_exec(*command, cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)})

        async def reached(goal: int = goal) -> bool:
            return await office.count() >= goal

        await office.until(reached, f"{goal} messages")
        process.kill()
        await process.wait()
        kills += await office.count() < 300
    async with office.polling(account):
        await office.filed(300)
    assert kills >= 4, "it was killed in the middle of its work"
    assert (dovecot.count(), dovecot.count(DONE)) == (0, 300)
    assert await office.count(raw_mails) == 300
    async with office.database.begin() as connection:
        keys = await connection.scalars(sql.select(raw_mails.c.blob).where(raw_mails.c.state == "filed"))
    # Line ends that are none are made ones on the way; nothing else changes.
    kept = {(await office.blobs.get(key)).translate(None, b"\r\n") for key in keys}
    assert kept == {made.translate(None, b"\r\n") for made in mails}


async def test_a_mailbox_with_new_uids_is_filed_anew_and_nothing_twice(office: Office, dovecot: Dovecot) -> None:
    dovecot.put(*(mail(number) for number in range(20)))
    async with office.polling(dovecot.account()):
        await office.filed(20)
        before = await office.row()
        dovecot.renumber()
        dovecot.put(*(mail(number) for number in range(20, 23)))
        await office.filed(23)
    after = await office.row()
    assert after.uid_validity != before.uid_validity
    assert after.last_uid == 23


async def test_two_pollers_at_once_file_each_mail_once(office: Office, dovecot: Dovecot) -> None:
    dovecot.put(*(mail(number) for number in range(60)))
    # A lease that is over at once: both read, and only the identity of a mail keeps it one message.
    options = {"lease": timedelta(0)}
    async with office.polling(dovecot.account(), **options), office.polling(dovecot.account(), **options):
        await office.filed(60)
    assert len(set(await office.subjects())) == 60


async def test_one_poller_at_a_time_reads_and_the_next_takes_over(office: Office, dovecot: Dovecot) -> None:
    dovecot.put(mail(1))
    async with office.polling(dovecot.account()):
        await office.filed(1)
        owner = (await office.row()).owner
        async with office.polling(dovecot.account()):
            dovecot.put(mail(2))
            await office.filed(2)
            assert (await office.row()).owner == owner
    async with office.polling(dovecot.account()):
        dovecot.put(mail(3))
        await office.filed(3)
        assert (await office.row()).owner not in (None, owner)


async def test_the_servers_notice_makes_it_sooner(office: Office, dovecot: Dovecot) -> None:
    async with office.polling(dovecot.account(), interval=timedelta(hours=1)):

        async def looked() -> bool:
            row = await office.row()
            return row is not None and row.checked_at is not None

        await office.until(looked, "the first look")
        dovecot.put(mail(1))

        async def there() -> bool:
            return await office.count() == 1

        await office.until(there, "a message long before the next look")


async def test_a_mail_that_cannot_be_filed_waits_and_stops_no_other(
    office: Office, dovecot: Dovecot, monkeypatch: pytest.MonkeyPatch
) -> None:
    dovecot.put(mail(1), mail(2, "poison"), mail(3))
    file_mail = imap.file_mail

    async def refuses(*arguments: Any, **named: Any) -> Any:
        if b"poison" in arguments[3]:
            raise ValueError("no room for poison")
        return await file_mail(*arguments, **named)

    monkeypatch.setattr(imap, "file_mail", refuses)
    monkeypatch.setattr(imap, "_LONGEST_RETRY", timedelta(seconds=0.2))
    async with office.polling(dovecot.account(processed_folder=DONE)):
        await office.error("1 mails wait to be filed; UID 2: ValueError: no room for poison")
        assert (await office.count(), dovecot.count(), dovecot.count(DONE)) == (2, 1, 2)
        assert (await office.row()).last_uid == 3
        monkeypatch.setattr(imap, "file_mail", file_mail)
        await office.filed(3)
    row = await office.row()
    assert (row.waiting, row.error, dovecot.count()) == ({}, None, 0)


async def test_a_mail_over_which_the_server_ends_the_connection_stops_no_other(
    office: Office, dovecot: Dovecot, monkeypatch: pytest.MonkeyPatch
) -> None:
    dovecot.put(*(mail(number) for number in range(1, 6)))
    fetch = Mailbox.fetch

    def breaks(box: Mailbox, uids: list[int]) -> Any:
        if 3 in uids:
            box.cut()
        return fetch(box, uids)

    monkeypatch.setattr(Mailbox, "fetch", breaks)
    async with office.polling(dovecot.account()):
        await office.error("1 mails wait to be filed; UID 3")
        assert sorted(await office.subjects()) == [f"Bestellung {number} 订单" for number in (1, 2, 4, 5)]


async def test_an_outage_of_the_database_moves_no_position(
    office: Office, dovecot: Dovecot, monkeypatch: pytest.MonkeyPatch
) -> None:
    dovecot.put(*(mail(number) for number in range(10)))
    note, calls = imap.mailboxes.note, 0

    async def unreachable(*arguments: Any, **named: Any) -> Any:
        nonlocal calls
        calls += 1
        if 3 <= calls <= 9:
            raise OperationalError("UPDATE", {}, Exception("the server closed the connection"))
        return await note(*arguments, **named)

    monkeypatch.setattr(imap.mailboxes, "note", unreachable)
    async with office.polling(dovecot.account()):
        await office.filed(10)
    assert calls > 9


async def test_a_server_that_goes_away_is_waited_for(office: Office, dovecot: Dovecot) -> None:
    dovecot.put(mail(1))
    async with office.polling(dovecot.account()):
        await office.filed(1)
        dovecot.stop()
        await office.error("cannot be reached or ended the connection")
        dovecot.start()
        dovecot.put(mail(2))
        await office.filed(2)
        assert (await office.row()).error is None


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"password": "geheim1"}, "user 'support' is refused"),
        ({"password": "fälsch"}, "user 'support' is refused"),
        ({"folder": "Nowhere"}, "the folder 'Nowhere' cannot be opened"),
        ({"security": "starttls"}, "TLS not supported"),
        ({"security": "tls"}, "cannot be reached"),
        ({"port": 9}, "cannot be reached"),
    ],
)
async def test_what_an_operator_must_mend_is_told(office: Office, dovecot: Dovecot, wrong: dict[str, Any], words: str) -> None:
    async with office.polling(dovecot.account(**wrong)):
        await office.error(words)
        assert "geheim1" not in (await office.row()).error


async def test_a_folder_that_takes_nothing_keeps_no_mail_back(office: Office, dovecot: Dovecot) -> None:
    dovecot.put(mail(1), mail(2))
    async with office.polling(dovecot.account(processed_folder="no/such/name")):
        await office.error("filed mails cannot be marked")
        assert await office.count() == 2


def test_refusals_of_the_password_are_for_an_operator(dovecot: Dovecot) -> None:
    with pytest.raises(NeedsOperator, match="correct `imap` in the accounts file"):
        Mailbox(dovecot.account(password="wrong"))


def test_a_connection_that_was_cut_is_transient(dovecot: Dovecot) -> None:
    box = Mailbox(dovecot.account())
    box.select()
    box.cut()
    with pytest.raises(Transient):
        box.uids_after(0)


def test_a_mailbox_of_no_store_is_named(dovecot: Dovecot, database: Database, blobs: Blobs, playbook: Playbook) -> None:
    with pytest.raises(CommandError, match=r"imap\.support\.store: 'nowhere' is not in the playbook"):
        pollers({"support": dovecot.account(store="nowhere")}, database, blobs, RunningPlaybook(playbook))
