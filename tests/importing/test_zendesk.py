"""Zendesk: dates, authors, notes, companies, merged tickets and followers come over as they were."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
import sqlalchemy as sql

from domain.messages import Channel, InboundMessage, Sender
from domain.playbook import Playbook
from storage.blobs import Blobs, open_blobs
from storage.engine import Database
from storage.importing import STAGE_IMPORTED
from storage.intake import receive
from storage.tables import attachments, cases
from tests.importing.conftest import SAMPLES, STORE, Here, Import

EXPORT = SAMPLES / "zendesk" / "tickets.json"


async def test_a_closed_ticket_becomes_history(bring: Import, here: Here, tmp_path: Path) -> None:
    report = await bring(EXPORT)
    case = await here.case("1233")
    assert (case.status, case.stage, case.company) == ("closed", STAGE_IMPORTED, "上海零件有限公司")
    assert case.created_at == datetime(2023, 3, 1, 8, tzinfo=UTC)
    assert case.title == "订单 10452 什么时候发货?"
    assert case.start["imported"] == {"from": "zendesk", "account": "northwind", "id": "1233", "tags": ["versand", "vip"]}
    question, answer = await here.messages(case.id)
    assert (question.direction, question.sender["email"], question.text) == (
        "in",
        "li.wei@shanghai-parts.example",
        "你好,订单 10452 还没有收到。",
    )
    assert question.at == datetime(2023, 3, 1, 8, tzinfo=UTC)
    assert question.message_id == "<q-10452@shanghai-parts.example>"
    assert "<b>10452</b>" in question.html
    assert (answer.direction, answer.sender["name"], answer.text) == ("out", "Jonas Weber", "您好,包裹明天送达。")
    assert answer.at == datetime(2023, 3, 2, 9, tzinfo=UTC)
    [file] = await here.rows(sql.select(attachments))
    assert (file.filename, file.content_type, file.message_id) == ("torn-box.png", "image/png", question.id)
    assert await open_blobs(tmp_path / "data" / "blobs").get(file.blob) == b"not really a png"
    [unfetched] = report.not_fetched
    assert unfetched.record == "ticket 1233"
    assert "invoice.pdf" in unfetched.why
    assert case.workflow_id not in await here.started()


async def test_a_private_comment_is_a_note_and_no_message(bring: Import, here: Here) -> None:
    await bring(EXPORT)
    case = await here.case("1233")
    [note] = await here.notes(case.id)
    assert (note.actor, note.text, note.at) == (
        "Jonas Weber",
        "Carrier lost it, ask the depot first.",
        datetime(2023, 3, 1, 9, tzinfo=UTC),
    )
    assert note.sequence < 0
    assert not any("depot" in (message.text + (message.html or "")) for message in await here.messages(case.id))


async def test_an_open_ticket_lives_on(bring: Import, here: Here) -> None:
    report = await bring(EXPORT)
    case = await here.case("1234")
    assert (case.status, case.stage, case.company, case.state) == ("open", "new", "Byron Mills Ltd", None)
    assert datetime.fromisoformat(case.start["imported_at"]) > case.created_at
    assert await here.started() == [case.workflow_id]
    assert report.tickets_live == 1
    # Both were written in the same second: they stay in the order they had.
    assert [message.text for message in await here.messages(case.id)] == ["The drill is damaged.", "Please send a photo."]


async def test_merged_and_following_tickets_are_tied(bring: Import, here: Here) -> None:
    await bring(EXPORT)
    survivor, merged = await here.case("1234"), await here.case("1235")
    assert (merged.merged_into_id, merged.survivor_id, merged.status) == (survivor.id, survivor.id, "closed")
    assert (await here.case("1236")).parent_id == (await here.case("1233")).id


async def test_chains_of_merges_end_at_one_ticket_and_rings_do_not_hang(bring: Import, here: Here, tmp_path: Path) -> None:
    first = json.loads(EXPORT.read_text(encoding="utf-8").splitlines()[2])
    lines = []
    for number, target in ((1, 2), (2, 3), (3, 9), (7, 8), (8, 7)):
        comment = {**first["comments"][1], "id": number, "body": f"This request was closed and merged into request #{target}"}
        lines.append({**first, "id": number, "comments": [{**first["comments"][0], "id": 100 + number}, comment]})
    lines.append({**first, "id": 9, "tags": [], "comments": [{**first["comments"][0], "id": 109}]})
    file = tmp_path / "chain.ndjson"
    file.write_text("\n".join(map(json.dumps, lines)))
    assert (await bring(file)).status == 0
    end = await here.case("9")
    assert [(await here.case(number)).survivor_id for number in "123"] == [end.id] * 3
    assert (await here.case("7")).survivor_id is None


async def test_the_incremental_export_has_people_and_no_comments(bring: Import, here: Here) -> None:
    report = await bring(SAMPLES / "zendesk" / "incremental.json")
    assert (report.tickets_added, report.status) == (1, 0)
    case = await here.case("88")
    assert (case.company, case.status) == ("上海零件有限公司", "open")
    [message] = await here.messages(case.id)
    assert (message.text, message.sender["name"]) == ("Please quote 200 clamps.", "李伟")


async def test_a_reply_under_the_old_number_joins(
    bring: Import, here: Here, database: Database, blobs: Blobs, playbook: Playbook
) -> None:
    await bring(EXPORT)
    case = await here.case("1234")
    (first, *_) = await here.messages(case.id)
    for name, sender, joins in (("a", first.sender["email"], True), ("b", "mallory@evil.example", False)):
        reply = InboundMessage(
            channel=Channel.EMAIL,
            store=STORE,
            external_id=name,
            sender=Sender(email=sender),
            subject="Re: your request [Ticket #1234]",
            text="Any news?",
            received_at=datetime(2026, 3, 2, tzinfo=UTC),
        )
        accepted = await receive(database, blobs, playbook, reply)
        [row] = await here.rows(sql.select(cases).where(cases.c.id == accepted.ticket_id))
        assert (case.id in (row.id, row.parent_id)) is joins


async def test_a_second_run_adds_nothing(bring: Import, here: Here) -> None:
    first = await bring(EXPORT)
    before = await here.counts()
    again = await bring(EXPORT)
    assert await here.counts() == before
    assert (first.tickets_added, again.tickets_added, again.tickets_there_already) == (4, 0, 4)
    assert (again.messages_added, again.messages_there_already) == (0, first.messages_added)
    assert again.status == 0


async def test_a_later_export_adds_what_is_new(bring: Import, here: Here, tmp_path: Path) -> None:
    await bring(EXPORT)
    line = json.loads(EXPORT.read_text(encoding="utf-8").splitlines()[1])
    line["comments"].append({**line["comments"][0], "id": 99012, "body": "Here it is.", "html_body": "", "public": False})
    line["comments"].append({**line["comments"][0], "id": 99013, "body": "And another.", "html_body": ""})
    later = tmp_path / "later.json"
    later.write_text(json.dumps(line), encoding="utf-8")
    report = await bring(later)
    assert (report.tickets_added, report.messages_added, report.notes_added) == (0, 1, 1)
    case = await here.case("1234")
    assert len(await here.messages(case.id)) == 3
    assert await here.started() == [case.workflow_id]


async def test_two_accounts_may_have_the_same_numbers(bring: Import, here: Here, tmp_path: Path) -> None:
    await bring(EXPORT)
    other = tmp_path / "other.json"
    other.write_text(EXPORT.read_text(encoding="utf-8").replace("northwind.zendesk.com", "lumen.zendesk.com"), encoding="utf-8")
    assert (await bring(other, store="casa-lumen")).tickets_added == 4
    assert len(await here.rows(sql.select(cases.c.id))) == 8


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"status": "weird"}, "status 'weird'"),
        ({"created_at": "yesterday"}, "created_at"),
        ({"comments": "none"}, "comments"),
        ({"id": None}, "id"),
        ({"created_at": 1e20}, "created_at"),
    ],
)
async def test_a_broken_ticket_is_reported_and_the_rest_read(
    bring: Import, tmp_path: Path, change: dict[str, object], words: str
) -> None:
    lines = EXPORT.read_text(encoding="utf-8").splitlines()
    lines.insert(1, json.dumps(json.loads(lines[1]) | {"id": 5} | change))
    broken = tmp_path / "broken.json"
    broken.write_text("\n".join(lines), encoding="utf-8")
    report = await bring(broken)
    assert (report.tickets_added, report.status) == (4, 3)
    # The attachment of ticket 1233 does not lie beside this copy.
    [problem] = [each for each in report.unread if "torn-box" not in each.why]
    assert problem.where == "broken.json, line 2"
    assert words in problem.why


async def test_odd_fields_of_a_ticket_are_no_obstacle(bring: Import, here: Here, tmp_path: Path) -> None:
    line = json.loads(EXPORT.read_text(encoding="utf-8").splitlines()[1])
    file = tmp_path / "odd.json"
    file.write_text(json.dumps(line | {"url": "https://[broken", "created_at": "0001-01-01T00:00:00Z"}))
    report = await bring(file)
    case = await here.case("1234")
    assert (report.status, case.created_at.year, case.start["imported"]["account"]) == (3, 2026, STORE)


async def test_a_broken_comment_costs_itself_only(bring: Import, here: Here, tmp_path: Path) -> None:
    line = json.loads(EXPORT.read_text(encoding="utf-8").splitlines()[1])
    line["comments"] += [
        {"id": 5, "created_at": "x"},
        17,
        {**line["comments"][0], "id": 6, "created_at": "1804-01-01T00:00:00Z"},
    ]
    file = tmp_path / "comments.json"
    file.write_text(json.dumps(line))
    report = await bring(file)
    assert len(await here.messages((await here.case("1234")).id)) == 2
    assert [problem.record for problem in report.unread] == ["ticket 1234"] * 3


@pytest.mark.parametrize(
    "path", ["../secret.txt", "/etc/hostname", "..\\secret.txt", "missing.txt", "a" * 5000, "a\x00b", "\ud83d", "."]
)
async def test_files_outside_the_folder_are_not_read(bring: Import, here: Here, tmp_path: Path, path: str) -> None:
    folder = tmp_path / "export"
    folder.mkdir()
    (tmp_path / "secret.txt").write_text("secret")
    line = json.loads(EXPORT.read_text(encoding="utf-8").splitlines()[1])
    line["comments"][0]["attachments"] = [{"id": 1, "file_name": "a.txt", "path": path}]
    (folder / "tickets.json").write_text(json.dumps(line))
    report = await bring(folder / "tickets.json")
    assert (report.attachments_added, report.status) == (0, 3)
    assert (await here.counts())["attachments"] == 0


async def test_characters_that_postgres_cannot_hold(bring: Import, here: Here, tmp_path: Path) -> None:
    line = json.loads(EXPORT.read_text(encoding="utf-8").splitlines()[1])
    line["subject"] = "a\x00b\ud83d"
    line["tags"] = ["t\x00", "\ud83d"]
    line["organization"]["name"] = "Byron\x00 \ud83dMills"
    line["comments"][0]["body"] = line["comments"][0]["html_body"] = "x\x00\ud83d"
    line["comments"].append({**line["comments"][0], "id": 7, "public": False})
    file = tmp_path / "odd.json"
    file.write_text(json.dumps(line))
    report = await bring(file)
    assert (report.tickets_added, report.notes_added, report.unread) == (1, 1, [])
    assert (await here.case("1234")).company == "Byron Mills"
