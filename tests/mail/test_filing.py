"""A mail is kept before anybody reads it: a defect of the parser costs a re-run, never a mail."""

import hashlib
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import sqlalchemy as sql
from rich.console import Console

from activities.mail import filing
from activities.mail.filing import Filed, Refiled, file_mail, refile
from activities.mail.parsing import Envelope, UnknownRecipient
from activities.mail.unread import WORDS
from domain.playbook import Playbook
from storage.blobs import Blobs
from storage.door_tables import raw_mails
from storage.engine import Database
from storage.tables import attachments, cases, messages, outbox
from workers.errors import CommandError
from workers.reparsing import reparse
from workers.settings import Settings, load_settings

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
SUPPORT = "support@northwind-tools.example"
MAIL = (
    b"From: =?utf-8?q?Anna_Bj=C3=B6rk?= <anna@acme.example>\r\nTo: support@northwind-tools.example\r\n"
    b"Subject: =?utf-8?b?6YCA6LSn?= 10452\r\nMessage-ID: <m1@acme.example>\r\nReferences: <a@x> <b@x>\r\n"
    b'Content-Type: multipart/mixed; boundary="b"\r\n\r\n--b\r\n\r\nThe drill is broken.\r\n'
    b"--b\r\nContent-Type: image/jpeg\r\n\r\nphoto\r\n--b--\r\n"
)


class Desk:
    def __init__(self, database: Database, blobs: Blobs, playbook: Playbook, patch: pytest.MonkeyPatch) -> None:
        self.database, self.blobs, self.playbook, self._patch = database, blobs, playbook, patch

    async def file(self, raw: bytes = MAIL, **changes: Any) -> Filed:
        envelope = Envelope(**{"sender": "anna@acme.example", "recipients": (SUPPORT,)} | changes)
        return await file_mail(self.database, self.blobs, self.playbook, raw, envelope, door="smtp", received_at=NOW)

    async def refile(self) -> Refiled:
        (kept,) = await self.rows(raw_mails)
        return await refile(self.database, self.blobs, self.playbook, kept.blob)

    async def rows(self, table: sql.Table) -> list[Any]:
        async with self.database.begin() as connection:
            return list((await connection.execute(sql.select(table))).all())

    def break_parser(self, error: Exception | None = None) -> None:
        def broken(*_: Any, **__: Any) -> None:
            raise error or ZeroDivisionError("the parser's defect")

        self._patch.setattr(filing, "parse_mail", broken)

    def mend_parser(self) -> None:
        self._patch.undo()


@pytest.fixture
def desk(database: Database, blobs: Blobs, playbook: Playbook) -> Iterator[Desk]:
    with pytest.MonkeyPatch.context() as patch:
        yield Desk(database, blobs, playbook, patch)


async def test_a_mail_is_kept_and_filed(desk: Desk) -> None:
    filed = await desk.file()
    (kept,) = await desk.rows(raw_mails)
    assert (kept.state, kept.door, kept.error, kept.message_id) == ("filed", "smtp", None, filed.message_id)
    assert (kept.sender, kept.recipients, kept.received_at) == ("anna@acme.example", [SUPPORT], NOW)
    assert await desk.blobs.get(kept.blob) == MAIL
    assert await desk.file() == Filed(filed.message_id, filed.ticket_id, False)


async def test_the_bytes_are_there_before_anybody_reads_the_mail(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    class Killed(BaseException):
        pass

    read: list[bytes] = []

    def dies(raw: bytes, *_: Any) -> None:
        read.append(raw)
        raise Killed

    monkeypatch.setattr(filing, "_read", dies)
    with pytest.raises(Killed):
        await desk.file()
    monkeypatch.undo()
    assert await desk.blobs.get(hashlib.sha256(read[0]).hexdigest()) == MAIL
    assert not await desk.rows(raw_mails), "it was not acknowledged: its sender keeps it and sends it again"
    again = await desk.file()
    assert [message.id for message in await desk.rows(messages)] == [again.message_id]


async def test_a_defect_of_the_parser_leaves_a_message_that_says_so(desk: Desk) -> None:
    desk.break_parser()
    filed = await desk.file()
    assert filed.unread == "ZeroDivisionError: the parser's defect"
    (message,) = await desk.rows(messages)
    assert (message.text, message.subject) == (WORDS, "退货 10452")
    assert message.sender == {"email": "anna@acme.example", "name": "Anna Björk"}
    assert (message.message_id, message.references) == ("<m1@acme.example>", ["<a@x>", "<b@x>"])
    (kept,) = await desk.rows(raw_mails)
    assert (kept.state, kept.error, kept.message_id) == ("failed", filed.unread, filed.message_id)
    assert len(await desk.rows(outbox)) == 1, "a person gets to see it"


async def test_the_next_reading_is_written_over_the_first_and_the_thread_stays(desk: Desk) -> None:
    desk.break_parser()
    filed = await desk.file()
    assert (await desk.refile()).unread == "ZeroDivisionError: the parser's defect"
    assert (await desk.rows(raw_mails))[0].state == "failed"
    desk.mend_parser()
    refiled = await desk.refile()
    assert refiled == Refiled(filed.message_id, ("text", "full_text", "attachments added: 1"))
    (message,) = await desk.rows(messages)
    assert (message.id, message.case_id, message.text) == (filed.message_id, filed.ticket_id, "The drill is broken.")
    assert [(file.filename, file.kind) for file in await desk.rows(attachments)] == [("attachment.jpeg", "photo")]
    assert (await desk.rows(raw_mails))[0].state == "filed"
    assert (await desk.refile()).changes == ()
    assert len(await desk.rows(cases)) == len(await desk.rows(outbox)) == 1


async def test_the_same_mail_again_after_the_parser_was_mended_is_the_same_message(desk: Desk) -> None:
    desk.break_parser()
    filed = await desk.file()
    desk.mend_parser()
    again = await desk.file(b"Received: by another way\r\n" + MAIL)
    assert (again.message_id, again.created) == (filed.message_id, False)


async def test_files_that_stay_keep_their_ids(desk: Desk) -> None:
    await desk.file()
    (before,) = await desk.rows(attachments)
    async with desk.database.begin() as connection:
        await connection.execute(sql.update(attachments).values(filename="old name", kind="other"))
        extra = {**before._asdict(), "id": uuid4(), "blob": "0" * 64}
        await connection.execute(sql.insert(attachments).values(extra))
    assert (await desk.refile()).changes == ("attachments changed: 1", "attachments gone: 1")
    assert await desk.rows(attachments) == [before]


async def test_a_reading_that_fails_later_takes_nothing_away(desk: Desk) -> None:
    await desk.file()
    desk.break_parser()
    assert (await desk.refile()).changes == ()
    (message,) = await desk.rows(messages)
    (kept,) = await desk.rows(raw_mails)
    assert message.text == "The drill is broken."
    assert (kept.state, kept.error) == ("filed", "ZeroDivisionError: the parser's defect")


async def test_a_mail_for_nobody_is_kept_with_the_reason(desk: Desk) -> None:
    nobody = MAIL.replace(b"To: support@northwind-tools.example\r\n", b"")
    with pytest.raises(UnknownRecipient):
        await desk.file(nobody, recipients=("x@y.example",))
    (kept,) = await desk.rows(raw_mails)
    assert (kept.state, kept.message_id, "x@y.example" in kept.error) == ("failed", None, True)
    assert await desk.rows(messages) == []


async def test_a_mailbox_says_whose_mail_it_is(desk: Desk) -> None:
    nobody = MAIL.replace(b"To: support@northwind-tools.example\r\n", b"")
    await desk.file(nobody, recipients=(), store="casa-lumen")
    assert [message.store for message in await desk.rows(messages)] == ["casa-lumen"]


async def test_a_failure_of_ours_is_raised_and_noted(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    async def broken(*_: Any) -> None:
        raise RuntimeError("no room")

    monkeypatch.setattr(filing, "accept", broken)
    with pytest.raises(RuntimeError, match="no room"):
        await desk.file()
    (kept,) = await desk.rows(raw_mails)
    assert (kept.state, kept.error, kept.message_id) == ("received", "RuntimeError: no room", None)


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"\x00\xff" * 50,
        b"From: \r\nSubject: =?utf-8?q?=ZZ?=\r\n\r\n",
        b"Subject: =?x-none?b?####?= \xff\xfe\r\nMessage-ID: none\r\nFrom: <>\r\n",
        b"X: " + b"y" * 1_000_000,
        b"Subject:" + b"\r\n a" * 20_000,
    ],
)
async def test_what_even_patterns_do_not_find_is_a_message(desk: Desk, raw: bytes) -> None:
    desk.break_parser(RecursionError())
    filed = await desk.file(raw)
    assert (filed.created, [message.text for message in await desk.rows(messages)]) == (True, [WORDS])


@pytest.fixture
def settings(database_url: str, tmp_path: Path) -> Settings:
    return load_settings(database_url=database_url, data=tmp_path)


async def run(settings: Settings, **chosen: Any) -> tuple[bool, str]:
    console = Console(record=True, width=200, quiet=False, file=open("/dev/null", "w"))  # noqa: SIM115, ASYNC230
    given = {"failed": False, "message": None, "everything": False, "since": None} | chosen
    return await reparse(settings, console, **given), console.export_text()


async def test_the_command_reads_again_and_says_what_changed(desk: Desk, settings: Settings) -> None:
    desk.break_parser()
    broken = [await desk.file(b"X-Number: %d\r\n" % number + MAIL.replace(b"m1@", b"m%d@" % number)) for number in range(3)]
    good, words = await run(settings, failed=True)
    assert (good, "3 mails: 0 changed, 0 unchanged, 3 not read" in words) == (False, True)
    desk.mend_parser()
    good, words = await run(settings, message=broken[0].message_id)
    assert f"message {broken[0].message_id}: text, full_text, attachments added: 1" in words
    good, words = await run(settings, failed=True)
    assert (good, "2 mails: 2 changed, 0 unchanged, 0 not read" in words) == (True, True)
    assert "0 mails: 0 changed" in (await run(settings, failed=True))[1]
    assert "3 mails: 0 changed, 3 unchanged" in (await run(settings, everything=True))[1]
    assert "0 mails" in (await run(settings, everything=True, since=datetime(2026, 3, 3, tzinfo=UTC)))[1]
    assert [message.text for message in await desk.rows(messages)] == ["The drill is broken."] * 3


async def test_the_command_says_what_is_missing(settings: Settings) -> None:
    with pytest.raises(CommandError, match="say which mails"):
        await run(settings)
    with pytest.raises(CommandError, match="no mail is kept for message"):
        await run(settings, message=uuid4())
