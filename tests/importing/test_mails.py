"""Mailboxes of every make: each mail once, whole, at its date, in its thread."""

import asyncio
import base64
import json
import os
import re
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
import sqlalchemy as sql

from activities.importing.mailbox import mbox_pieces
from activities.mail.parsing import Envelope, parse_mail
from domain.playbook import Playbook
from storage.blobs import Blobs, open_blobs
from storage.engine import Database
from storage.intake import accept, receive
from storage.tables import attachments, cases, messages
from tests.importing.conftest import Here, Import
from workers.settings import Settings

MARK = "From karin@oest.example Mon Jan 15 10:22:33 2024"
SUPPORT = "support@northwind-tools.example"


def mail(
    number: int, text: str = "Hallo", *, answers: int | None = None, sender: str = "karin@oest.example", to: str = SUPPORT
) -> str:
    lines = [
        f"From: Karin <{sender}>",
        f"To: {to}",
        f"Subject: Anfrage {number}",
        f"Date: Mon, 15 Jan 2024 10:{number % 60:02}:00 +0100",
        f"Message-ID: <m{number}@oest.example>",
    ]
    if answers is not None:
        lines += [f"In-Reply-To: <m{answers}@oest.example>", f"References: <m{answers}@oest.example>"]
    return "\n".join([*lines, "", text])


def mbox(*mails: str, mark: str = MARK) -> bytes:
    return "".join(f"{mark}\n{each}\n\n" for each in mails).encode()


@pytest.mark.parametrize(
    "mark",
    [
        MARK,
        "From - Mon Jan 15 10:22:33 2024",
        "From 1788399@xxx Mon Jan 15 10:22:33 +0000 2024",
        "From MAILER-DAEMON Mon Jan  5 10:22:33 2024",
        "From a b@c Mon Jan 15 10:22 CET 2024",
        "From karin@oest.example 2024-01-15T10:22:33Z",
    ],
)
@pytest.mark.parametrize("line_end", [b"\n", b"\r\n"])
@pytest.mark.parametrize("final", [b"\n\n", b"\n", b""])
def test_marks_of_every_program(tmp_path: Path, mark: str, line_end: bytes, final: bytes) -> None:
    content = mbox(mail(1), mail(2, "two\n\nFrom here on it is text\nFrom: neither\n"), mail(3), mark=mark)
    file = tmp_path / "box"
    file.write_bytes((content.rstrip(b"\n") + final).replace(b"\n", line_end))
    found = [piece.read() for piece, _ in mbox_pieces(file)]
    assert [re.findall(rb"Subject: Anfrage (\d)", raw) for raw in found] == [[b"1"], [b"2"], [b"3"]]
    assert b"From here on it is text" in found[1]


def test_quoted_marks_come_back(tmp_path: Path) -> None:
    quoted = f">{MARK}\n>>{MARK}\n> From my side\nfine"
    file = tmp_path / "box"
    file.write_bytes(mbox(mail(1, quoted), mail(2)))
    first, _ = [piece.read() for piece, _ in mbox_pieces(file)]
    assert first.decode().rstrip().endswith(f"\n\n{MARK}\n>{MARK}\n> From my side\nfine")


async def test_threads_are_tied_in_any_order(bring: Import, here: Here, tmp_path: Path) -> None:
    file = tmp_path / "box.mbox"
    answer = mail(2, "Wir prüfen das.", answers=1, sender=SUPPORT, to="karin@oest.example")
    late = mail(9, "Und?", answers=4)  # what it answers is not in the box
    file.write_bytes(mbox(mail(3, "Danke", answers=2), mail(7), answer, late, mail(1), mail(4, answers=3)))
    report = await bring(file, store=None)
    assert (report.kind, report.tickets_added, report.messages_added, report.status) == ("mbox", 2, 6, 0)
    threads = await here.rows(sql.select(cases).order_by(cases.c.number))
    told = [[(m.direction, m.subject[-1]) for m in await here.messages(case.id)] for case in threads]
    assert told == [[("in", "1"), ("out", "2"), ("in", "3"), ("in", "4"), ("in", "9")], [("in", "7")]]
    first = (await here.messages(threads[0].id))[0]
    assert first.at == threads[0].created_at == datetime(2024, 1, 15, 9, 1, tzinfo=UTC)
    assert {(case.status, case.stage) for case in threads} == {("closed", "imported")}
    assert await here.started() == []


async def test_recent_threads_a_customer_wrote_last_in_can_stay_open(bring: Import, here: Here, tmp_path: Path) -> None:
    file = tmp_path / "box.mbox"
    answered = mail(6, answers=5, sender=SUPPORT, to="karin@oest.example")
    machine = mail(8).replace("Subject", "Auto-Submitted: auto-replied\nSubject")
    file.write_bytes(mbox(mail(1), mail(5), answered, machine))
    assert (await bring(file, open_since=date(2024, 1, 15))).tickets_live == 1
    [case] = await here.rows(sql.select(cases).where(cases.c.status == "open"))
    assert case.title == "Anfrage 1"
    assert await here.started() == [case.workflow_id]


async def test_a_second_run_adds_nothing_and_a_grown_box_its_news(bring: Import, here: Here, tmp_path: Path) -> None:
    file = tmp_path / "box.mbox"
    file.write_bytes(mbox(mail(2, answers=1), mail(7), mail(7)))
    assert (await bring(file)).messages_there_already == 1
    before = await here.counts()
    report = await bring(file)
    assert (report.tickets_added, report.messages_added, report.tickets_there_already) == (0, 0, 2)
    assert await here.counts() == before
    file.write_bytes(mbox(mail(1), mail(2, answers=1), mail(3, answers=2), mail(7)))
    report = await bring(file)
    assert (report.tickets_added, report.messages_added) == (0, 2)


async def test_what_came_by_itself_is_joined(
    bring: Import, here: Here, database: Database, blobs: Blobs, playbook: Playbook, tmp_path: Path
) -> None:
    """A mail that was received is not filed again, and the history before and after it joins its ticket, telling nobody."""
    at = datetime(2024, 1, 15, tzinfo=UTC)
    live = parse_mail(mail(2, answers=1).encode(), Envelope("karin@oest.example", [SUPPORT]), playbook, at, "blob")
    accepted = await receive(database, blobs, playbook, live)
    told = len(await here.rows(sql.text("SELECT 1 FROM outbox")))
    file = tmp_path / "box.mbox"
    file.write_bytes(mbox(mail(1), mail(2, answers=1), mail(3, answers=2)))
    assert (await bring(file)).tickets_added == 0
    file.write_bytes(mbox(mail(4, answers=2)))
    assert (await bring(file)).tickets_added == 0
    assert [m.subject[-1] for m in await here.messages(accepted.ticket_id)] == ["2", "1", "3", "4"]
    assert len(await here.rows(sql.text("SELECT 1 FROM outbox"))) == told


async def test_a_reply_to_history_follows_it(
    bring: Import, here: Here, database: Database, blobs: Blobs, playbook: Playbook, tmp_path: Path
) -> None:
    file = tmp_path / "box.mbox"
    file.write_bytes(mbox(mail(1)))
    await bring(file)
    [old] = await here.rows(sql.select(cases))
    at = datetime(2026, 1, 15, tzinfo=UTC)
    reply = parse_mail(mail(2, answers=1).encode(), Envelope("karin@oest.example", [SUPPORT]), playbook, at, "blob")
    accepted = await receive(database, blobs, playbook, reply)
    [new] = await here.rows(sql.select(cases).where(cases.c.id == accepted.ticket_id))
    assert new.parent_id == old.id


async def test_a_folder_with_attachments_and_encodings(bring: Import, here: Here, settings: Settings, tmp_path: Path) -> None:
    folder = tmp_path / "mails"
    (folder / "2024").mkdir(parents=True)
    name = base64.b64encode("李伟".encode("gb2312")).decode()
    head = f"From: =?gb2312?B?{name}?= <li@parts.example>\nTo: {SUPPORT}\nDate: Mon, 15 Jan 2024 10:00:00 +0800\n"
    parts = (
        b'MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary="x"\n'
        b"\n--x\nContent-Type: text/plain; charset=gb2312\n\n"
        + "订单没有收到".encode("gb18030")
        + b'\n--x\nContent-Type: application/pdf\nContent-Disposition: attachment; filename="a.pdf"\n\n%PDF-1.4\n--x--\n'
    )
    (folder / "2024" / "chinese.EML").write_bytes(head.encode() + b"Subject: x\n" + parts)
    (folder / "plain.eml").write_text(mail(1))
    (folder / "readme.txt").write_text("not a mail")
    (folder / "broken.eml").write_bytes(b"\x00\x01\x02 nothing")
    (folder / "empty.eml").write_bytes(b"")
    (folder / "undated.eml").write_text(mail(5).replace("Date:", "X-Date:"))
    (folder / "future.eml").write_text(mail(6).replace("2024", "2924"))
    (folder / "elsewhere.eml").write_text(mail(8, to="someone@else.example"))
    report = await bring(folder, store=None)
    assert (report.kind, report.messages_added, report.attachments_added, report.status) == ("eml folder", 2, 1, 3)
    assert {Path(problem.where).name: problem.why.split(":")[0] for problem in report.unread} == {
        "broken.eml": "is no mail",
        "empty.eml": "is no mail",
        "undated.eml": "has no date that can be read",
        "future.eml": "has no date that can be read",
        "elsewhere.eml": "no address of a store is in it",
    }
    [message] = await here.rows(sql.select(messages).where(messages.c.subject == "x"))
    assert (message.text, message.sender["name"]) == ("订单没有收到", "李伟")
    [file] = await here.rows(sql.select(attachments))
    assert (file.filename, file.message_id) == ("a.pdf", message.id)
    kept = open_blobs(settings.data / "blobs")
    assert (await kept.get(message.raw_blob)).endswith(parts)
    assert (await kept.get(file.blob)).startswith(b"%PDF")
    assert (await bring(folder)).messages_added == 1  # now the store of the one addressed elsewhere is named


async def test_the_date_of_the_mark_helps_out(bring: Import, here: Here, tmp_path: Path) -> None:
    file = tmp_path / "box.mbox"
    file.write_bytes(mbox(mail(1).replace("Date: Mon, 15", "Date: soon")))
    await bring(file)
    [message] = await here.rows(sql.select(messages))
    assert message.at == datetime(2024, 1, 15, 10, 22, 33, tzinfo=UTC)


async def test_a_mail_with_a_hostile_date_stops_no_other(bring: Import, tmp_path: Path) -> None:
    file = tmp_path / "box.mbox"
    file.write_bytes(mbox(mail(1).replace("15 Jan 2024", f"15 Jan {'9' * 20}"), mail(2)))
    report = await bring(file)
    assert report.messages_added + len(report.unread) == 2


async def test_two_stores_in_one_box(bring: Import, here: Here, tmp_path: Path) -> None:
    file = tmp_path / "box.mbox"
    file.write_bytes(mbox(mail(1), mail(2, answers=1, to="support@casa-lumen.example")))
    assert (await bring(file, store=None)).tickets_added == 2
    assert {case.store for case in await here.rows(sql.select(cases))} == {"northwind-tools", "casa-lumen"}


async def test_a_mail_over_the_limit_and_one_endless_line(bring: Import, tmp_path: Path, settings: Settings) -> None:
    file = tmp_path / "box.mbox"
    with file.open("wb") as box:
        box.write(mbox(mail(1)))
        box.write(f"{MARK}\n{mail(2)}".encode())
        for _ in range(26):
            box.write(os.urandom(512 * 1024).hex().encode())
        box.write(b"\n\n" + mbox(mail(3)))
    report = await bring(file)
    assert (report.messages_added, report.status) == (2, 3)
    assert "is larger than" in report.unread[0].why
    assert report.unread[0].where.startswith("box.mbox, byte ")


async def test_ids_of_any_length_are_kept(bring: Import, here: Here, tmp_path: Path) -> None:
    file = tmp_path / "box.mbox"
    long = "x" * 880
    file.write_bytes(
        mbox(mail(1).replace("<m1@", f"<{long}@"), mail(2), mail(3).replace("Message-ID: <m3@oest.example>\n", ""))
    )
    report = await bring(file)
    assert (report.tickets_added, report.unread) == (3, [])
    assert (await bring(file)).messages_added == 0


async def test_the_report_is_json_with_the_words_as_they_are(bring: Import, tmp_path: Path) -> None:
    file = tmp_path / "Bücher.mbox"
    file.write_bytes(mbox(mail(1), "No-Mail: x\n\nnothing"))
    await bring(file)
    text = (tmp_path / "report.json").read_text(encoding="utf-8")
    assert "Bücher.mbox" in text
    assert json.loads(text)["unread"][0]["why"].startswith("is no mail")


async def test_a_mail_that_comes_in_while_it_is_imported(
    bring: Import, here: Here, database: Database, blobs: Blobs, playbook: Playbook, tmp_path: Path
) -> None:
    """The import waits for the listener's transaction, sees that the mail is there, and joins its ticket."""
    file = tmp_path / "box.mbox"
    file.write_bytes(mbox(mail(1)))
    [(piece, _)] = mbox_pieces(file)
    at = datetime(2024, 1, 15, tzinfo=UTC)
    live = parse_mail(piece.read(), Envelope("karin@oest.example", [SUPPORT]), playbook, at, "blob")
    async with database.begin() as connection:
        accepted = await accept(connection, live, [], playbook)
        importing = asyncio.ensure_future(bring(file))
        while not await here.rows(sql.text("SELECT 1 FROM pg_stat_activity WHERE wait_event = 'transactionid'")):
            assert not importing.done()
            await asyncio.sleep(0.02)
    report = await importing
    assert (report.tickets_added, report.messages_added, report.messages_there_already) == (0, 0, 1)
    [case] = await here.rows(sql.select(cases))
    assert case.id == accepted.ticket_id
