"""The mail door over its socket: 250 means stored, everything unexpected means later, size and address mean no."""

import asyncio
import socket
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from email.message import EmailMessage
from email.policy import SMTP as WIRE
from pathlib import Path
from smtplib import SMTP
from typing import Any

import pytest
import sqlalchemy as sql

from api.smtp import DEFAULT_SIZE_LIMIT, SmtpListener
from domain.playbook import MailRules, Playbook
from playbook.running import RunningPlaybook
from storage.blobs import Blobs
from storage.door_tables import raw_mails
from storage.engine import Database
from storage.tables import attachments, cases, messages, outbox

SUPPORT = "support@northwind-tools.example"
_CLIENTS = ThreadPoolExecutor(12)
"""Not the loop's own threads: the listener needs those while the clients wait for it."""


@pytest.fixture
async def listener(database: Database, blobs: Blobs, playbook: Playbook) -> AsyncIterator[SmtpListener]:
    listener = SmtpListener(database, blobs, RunningPlaybook(playbook), "127.0.0.1", 0)
    await listener.start()
    yield listener
    await listener.stop()


def mail(name: str = "m1", text: str = "Where is order 10452?", **headers: str) -> EmailMessage:
    message = EmailMessage()
    message["From"], message["To"] = "Anna <anna@acme.example>", SUPPORT
    message["Subject"], message["Message-ID"] = "Order", f"<{name}@acme.example>"
    for header, value in headers.items():
        message[header.replace("_", "-")] = value
    message.set_content(text)
    return message


async def converse(listener: SmtpListener, *steps: str | bytes) -> list[tuple[int, str]]:
    """Each `str` is a command, each `bytes` the content after DATA; returns the answers."""

    def talk() -> list[tuple[int, str]]:
        answers = []
        with SMTP(*listener.address, timeout=30) as client:
            client.ehlo("test")
            for step in steps:
                code, words = client.docmd(step) if isinstance(step, str) else client.data(step)
                answers.append((code, words.decode()))
        return answers

    return await asyncio.get_running_loop().run_in_executor(_CLIENTS, talk)


async def send(listener: SmtpListener, content: bytes | EmailMessage, recipient: str = SUPPORT) -> tuple[int, str]:
    raw = content.as_bytes(policy=WIRE) if isinstance(content, EmailMessage) else content
    return (await converse(listener, "MAIL FROM:<anna@acme.example>", f"RCPT TO:<{recipient}>", raw))[-1]


async def count(database: Database, table: sql.Table) -> int:
    async with database.begin() as connection:
        return (await connection.execute(sql.select(sql.func.count()).select_from(table))).scalar_one()


async def test_250_means_message_ticket_outbox_and_raw_mail(listener: SmtpListener, database: Database, blobs: Blobs) -> None:
    message = mail()
    message.add_attachment(b"picture", maintype="image", subtype="jpeg", filename="a.jpg")
    code, words = await send(listener, message)
    assert (code, words.startswith("2.0.0 stored")) == (250, True)
    async with database.begin() as connection:
        row = (await connection.execute(sql.select(messages))).one()
    assert b"Subject: Order\r\n" in await blobs.get(row.raw_blob)
    assert (row.text, row.sender) == ("Where is order 10452?", {"email": "anna@acme.example", "name": "Anna"})
    assert [await count(database, table) for table in (cases, outbox, attachments)] == [1, 1, 1]


async def test_the_same_mail_twice_is_one_message(listener: SmtpListener, database: Database) -> None:
    answers = [await send(listener, mail()) for _ in range(2)]
    assert "known already" in answers[1][1]
    assert [await count(database, table) for table in (messages, cases, outbox)] == [1, 1, 1]


async def test_many_deliveries_of_one_mail_at_once_are_one_message(listener: SmtpListener, database: Database) -> None:
    answers = await asyncio.gather(*(send(listener, mail()) for _ in range(6)))
    assert {code for code, _ in answers} == {250}
    assert [await count(database, table) for table in (messages, cases, outbox)] == [1, 1, 1]


async def test_a_reply_joins_its_thread(listener: SmtpListener, database: Database) -> None:
    await send(listener, mail("m1"))
    await send(listener, mail("m2", In_Reply_To="<m1@acme.example>"))
    await send(listener, mail("m3", References="<m1@acme.example> <m2@acme.example>"))
    assert [await count(database, table) for table in (messages, cases, outbox)] == [3, 1, 3]


async def test_an_auto_reply_starts_nothing(listener: SmtpListener, database: Database) -> None:
    assert (await send(listener, mail(Auto_Submitted="auto-replied")))[0] == 250
    assert [await count(database, table) for table in (messages, cases, outbox)] == [1, 1, 0]


async def test_a_mail_without_envelope_sender_is_taken(listener: SmtpListener, database: Database) -> None:
    answers = await converse(listener, "MAIL FROM:<>", f"RCPT TO:<{SUPPORT}>", b"From: MAILER-DAEMON@x\r\n\r\nfailed")
    assert answers[-1][0] == 250
    assert await count(database, outbox) == 0


@pytest.mark.parametrize(
    "failing", ["storage.intake.put_in_outbox", "storage.intake._new_ticket", "activities.mail.filing.accept"]
)
async def test_a_failure_of_ours_is_451_and_nothing_is_half_done(
    listener: SmtpListener, database: Database, monkeypatch: pytest.MonkeyPatch, failing: str
) -> None:
    def broken(*_: Any, **__: Any) -> None:
        raise RuntimeError("defect\r\n250 fine")

    with monkeypatch.context() as patch:
        patch.setattr(failing, broken)
        code, words = await send(listener, mail())
    assert (code, words.startswith("4.3.0")) == (451, True)
    assert "defect" not in words
    assert [await count(database, table) for table in (messages, cases, outbox)] == [0, 0, 0]
    assert (await send(listener, mail()))[0] == 250


async def test_a_full_disk_is_451(listener: SmtpListener, database: Database, tmp_path: Path) -> None:
    folder = tmp_path / "blobs"
    folder.rename(tmp_path / "gone")
    folder.write_bytes(b"no folder any more")
    assert (await send(listener, mail()))[0] == 451
    assert await count(database, messages) == 0


async def test_an_unexpected_failure_of_another_command_is_451(listener: SmtpListener, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: Any) -> None:
        raise RuntimeError("defect")

    monkeypatch.setattr("api.smtp.store_of", broken)
    answers = await converse(listener, "MAIL FROM:<a@b.example>", f"RCPT TO:<{SUPPORT}>")
    assert answers[-1][0] == 451


async def test_size_is_advertised_and_enforced_at_once(listener: SmtpListener) -> None:
    hello, declared = await converse(listener, "EHLO test", f"MAIL FROM:<a@b.example> SIZE={DEFAULT_SIZE_LIMIT + 1}")
    assert f"SIZE {DEFAULT_SIZE_LIMIT}" in hello[1]
    assert declared[0] == 552
    assert "larger than the 25 MB" in declared[1]


@pytest.mark.parametrize("line", [76, 30_000_000])
async def test_thirty_megabytes_are_552_and_the_next_mail_is_taken(
    listener: SmtpListener, database: Database, line: int
) -> None:
    huge = b"Subject: x\r\n\r\n" + (b"a" * line + b"\r\n") * (30_000_000 // line)
    start = ("MAIL FROM:<anna@acme.example>", f"RCPT TO:<{SUPPORT}>")
    *_, refused, _, _, taken = await converse(listener, *start, huge, *start, mail().as_bytes(policy=WIRE))
    assert refused[0] == 552
    assert "larger than the 25 MB" in refused[1]
    assert taken[0] == 250
    assert await count(database, messages) == 1


async def test_long_lines_are_no_reason_to_refuse(listener: SmtpListener, database: Database) -> None:
    raw = b"From: a@acme.example\r\nSubject: x\r\n\r\n" + b"word " * 100_000
    assert (await send(listener, raw))[0] == 250


@pytest.mark.parametrize("recipient", ["nobody@northwind-tools.example", "support@elsewhere.example", "süpport@x.example"])
async def test_an_unknown_recipient_is_550_with_words(listener: SmtpListener, recipient: str) -> None:
    def talk() -> tuple[int, bytes]:
        with SMTP(*listener.address, timeout=30) as client:
            client.ehlo("test")
            client.docmd("MAIL FROM:<a@b.example> SMTPUTF8")
            client.command_encoding = "utf-8"
            return client.docmd(f"RCPT TO:<{recipient}>")

    code, words = await asyncio.to_thread(talk)
    assert (code, b"no address of ours" in words) == (550, True)


async def test_a_plus_address_is_ours(listener: SmtpListener) -> None:
    assert (await send(listener, mail(), "support+ticket@northwind-tools.example"))[0] == 250


async def test_bare_line_feeds_end_nothing(listener: SmtpListener, database: Database) -> None:
    smuggled = b"\n.\nMAIL FROM:<evil@x.example>\nRCPT TO:<support@northwind-tools.example>\nDATA\nSubject: second\n\nx\n.\n"
    raw = b"From: a@acme.example\r\nSubject: first\r\n\r\nhello" + smuggled

    def talk() -> int:
        with SMTP(*listener.address, timeout=30) as client:
            client.ehlo("test")
            client.docmd("MAIL FROM:<a@acme.example>")
            client.docmd(f"RCPT TO:<{SUPPORT}>")
            client.docmd("DATA")
            client.send(raw + b"\r\n.\r\n")
            return client.getreply()[0]

    assert await asyncio.to_thread(talk) == 250
    async with database.begin() as connection:
        subjects = (await connection.execute(sql.select(messages.c.subject))).scalars().all()
    assert subjects == ["first"]


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"\r\n",
        b"\x00\xff\xfe",
        b"Content-Type: multipart/mixed\r\n\r\nx",
        b"Content-Type: text/plain; charset=klingon\r\n\r\n\xe4\xf6\xfc",
        b"Message-ID: <" + b"x" * 5000 + b"@y>\r\n\r\nlong id",
        b"Subject: nul \x00 byte\r\n\r\nnul \x00 byte",
        b"From: a\r\nTo: b\r\nX: " + b"y" * 400_000 + b"\r\n\r\nheaders too large",
    ],
)
async def test_bad_mail_is_kept_as_one_message(listener: SmtpListener, database: Database, raw: bytes) -> None:
    assert (await send(listener, raw))[0] == 250
    assert [await count(database, table) for table in (messages, cases, outbox)] == [1, 1, 1]


async def test_a_defect_of_the_parser_costs_no_mail(
    listener: SmtpListener, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: Any) -> None:
        raise RuntimeError("defect")

    monkeypatch.setattr("activities.mail.filing.parse_mail", broken)
    code, words = await send(listener, mail())
    assert (code, "defect" in words) == (250, False)
    assert [await count(database, table) for table in (messages, cases, outbox, raw_mails)] == [1, 1, 1, 1]


async def test_a_flood_of_one_sender_is_put_off_and_the_others_get_in(
    database: Database, blobs: Blobs, playbook: Playbook
) -> None:
    listener = SmtpListener(
        database,
        blobs,
        RunningPlaybook(playbook.model_copy(update={"mail": MailRules(per_sender=5, per_domain=8)})),
        "127.0.0.1",
        0,
    )
    await listener.start()
    flood = [f"MAIL FROM:<{sender}@flood.example>" for sender in ("a", "A", "b", "b") for _ in range(3)]
    steps = [step for start in flood for step in (start, "RSET")]
    answers = [code for code, _ in (await converse(listener, *steps))[::2]]
    assert answers == [250] * 5 + [452] + [250] * 3 + [452] * 3
    ((code, words),) = await converse(listener, "MAIL FROM:<a@flood.example>")
    assert (code, words) == (452, "4.2.1 Too many mails from <a@flood.example> in a minute; please send this one again later")
    machines = await converse(listener, *["MAIL FROM:<>", "RSET"] * 9)
    assert [code for code, _ in machines[::2]] == [250] * 8 + [452]
    public = [f"MAIL FROM:<buyer{number}@gmail.com>" for number in range(10)]
    assert {code for code, _ in await converse(listener, *[step for start in public for step in (start, "RSET")])} == {250}
    assert (await send(listener, mail()))[0] == 250
    await listener.stop()


async def test_more_recipients_than_the_limit_come_in_another_mail(listener: SmtpListener) -> None:
    *taken, refused = await converse(listener, "MAIL FROM:<a@b.example>", *[f"RCPT TO:<{SUPPORT}>"] * 101)
    assert {code for code, _ in taken} == {250}
    assert refused[0] == 452


async def test_one_byte_more_than_the_limit_is_552(listener: SmtpListener, database: Database) -> None:
    head = b"Subject: x\r\n\r\n"
    filling = b"a" * (DEFAULT_SIZE_LIMIT - len(head) - 2) + b"\r\n"
    assert (await send(listener, head + filling + b"a"))[0] == 552
    assert await count(database, raw_mails) == 0


async def test_stopping_lets_a_mail_be_answered(
    database: Database, blobs: Blobs, playbook: Playbook, monkeypatch: pytest.MonkeyPatch
) -> None:
    listener = SmtpListener(database, blobs, RunningPlaybook(playbook), "127.0.0.1", 0)
    await listener.start()
    entered = asyncio.Event()
    put = blobs.put

    async def slow(content: bytes) -> str:
        entered.set()
        await asyncio.sleep(0.3)
        return await put(content)

    monkeypatch.setattr(blobs, "put", slow)
    idle = socket.create_connection(listener.address)
    sending = asyncio.create_task(send(listener, mail()))
    await entered.wait()
    await listener.stop()
    assert (await sending)[0] == 250
    idle.close()
    assert await count(database, messages) == 1
