"""Freshdesk and eDesk, as JSON and as tables."""

from datetime import UTC, datetime
from pathlib import Path

from storage.importing import STAGE_IMPORTED
from tests.importing.conftest import SAMPLES, Here, Import

FRESHDESK = SAMPLES / "freshdesk"
EDESK = SAMPLES / "edesk"


async def test_freshdesk_conversations(bring: Import, here: Here) -> None:
    report = await bring(FRESHDESK / "tickets.json")
    assert (report.kind, report.tickets_added, report.tickets_live, report.status) == ("freshdesk JSON", 2, 1, 3)
    case = await here.case("20")
    assert (case.status, case.stage, case.company) == ("closed", STAGE_IMPORTED, "Öst Maschinenbau")
    assert case.start["imported"]["tags"] == ["rechnung"]
    told = [(message.direction, message.sender.get("name"), message.text) for message in await here.messages(case.id)]
    assert told == [
        ("in", "Karin Öst", "Die Rechnung INV-10448 stimmt nicht."),
        ("out", "Jonas Weber", "Wir prüfen das."),
        ("in", "Karin Öst", "Danke!"),
    ]
    [note] = await here.notes(case.id)
    assert "Buchhaltung fragen" in note.text
    assert "beleg.pdf" in note.text
    assert (await here.case("21")).workflow_id in await here.started()


async def test_freshdesk_table(bring: Import, here: Here) -> None:
    report = await bring(FRESHDESK / "export.csv")
    assert (report.kind, report.tickets_added, report.tickets_live, report.status) == ("freshdesk CSV", 2, 1, 0)
    case = await here.case("31")
    assert (case.status, case.company, case.title) == ("closed", "Öst Maschinenbau", "Retoure, 2 Stück")
    assert case.created_at == datetime(2024, 1, 15, 10, 22, 33, tzinfo=UTC)
    [message] = await here.messages(case.id)
    assert message.text == 'Ich möchte\nzwei Stück "zurückgeben".'
    assert message.sender == {"name": "Karin Öst", "email": "karin@oest.example"}
    assert (await here.case("32")).title == "报价"


async def test_freshdesk_table_of_another_spreadsheet(bring: Import, here: Here, tmp_path: Path) -> None:
    """Chinese Excel writes GB 18030, Western Excel semicolons and its own eight bits."""
    text = (FRESHDESK / "export.csv").read_text(encoding="utf-8")
    chinese, western = tmp_path / "chinese.csv", tmp_path / "western.csv"
    chinese.write_bytes(text.encode("gb18030"))
    lines = [line for line in text.replace('","', '";"').splitlines() if "报" not in line]
    western.write_bytes("\r\n".join(lines).replace('"31"', '"41"').encode("cp1252"))
    await bring(chinese)
    await bring(western)
    assert (await here.case("32")).title == "报价"
    assert (await here.case("41")).company == "Öst Maschinenbau"


async def test_rows_that_cannot_be_read(bring: Import, tmp_path: Path) -> None:
    file = tmp_path / "export.csv"
    head, *rows = (FRESHDESK / "export.csv").read_text(encoding="utf-8").splitlines()
    bad = ['"33","x","Open","Low"', '"34"x,"y"', '"35",' + ",".join(['"a"'] * 30)]
    file.write_text("\n".join([head, *bad, *rows]), encoding="utf-8")
    report = await bring(file)
    assert (report.tickets_added, report.status) == (2, 3)
    assert [problem.where for problem in report.unread] == [f"export.csv, line {line}" for line in (2, 3, 4)]


async def test_edesk_json(bring: Import, here: Here) -> None:
    report = await bring(EDESK / "tickets.json")
    assert (report.kind, report.tickets_added, report.status) == ("edesk JSON", 1, 0)
    case = await here.case("7001")
    question, answer = await here.messages(case.id)
    assert (question.channel, question.direction, question.sender["name"]) == ("marketplace", "in", "Hans")
    assert question.named == [{"kind": "order", "value": "304-1234567-1234567"}]
    assert (answer.direction, answer.sender["name"], answer.text) == ("out", "Mia Rossi", "It is on its way.")
    assert [note.text for note in await here.notes(case.id)] == ["DHL says lost."]


async def test_edesk_table(bring: Import, here: Here) -> None:
    report = await bring(EDESK / "messages.csv")
    assert (report.kind, report.tickets_added, report.tickets_live, report.messages_added, report.notes_added) == (
        "edesk CSV",
        1,
        1,
        2,
        1,
    )
    case = await here.case("7002")
    assert (case.company, case.status) == ("Lind AB", "open")
    assert [(message.direction, message.sender.get("name")) for message in await here.messages(case.id)] == [
        ("in", "Eva Lind"),
        ("out", "Mia Rossi"),
    ]


async def test_edesk_rows_of_a_ticket_need_not_be_together(bring: Import, here: Here, tmp_path: Path) -> None:
    head, first, second, note = (EDESK / "messages.csv").read_text(encoding="utf-8").splitlines()
    file = tmp_path / "mixed.csv"
    other = first.replace("7002", "7003").replace(";11;", ";21;")
    file.write_text("\n".join([head, first, other, second, note]), encoding="utf-8")
    await bring(file)
    assert len(await here.messages((await here.case("7002")).id)) == 2
    assert len(await here.started()) == 2


async def test_second_runs_add_nothing(bring: Import, here: Here) -> None:
    files = [FRESHDESK / "tickets.json", FRESHDESK / "export.csv", EDESK / "tickets.json", EDESK / "messages.csv"]
    for file in files:
        await bring(file)
    before = await here.counts()
    for file in files:
        assert (await bring(file)).messages_added == 0
    assert await here.counts() == before


async def test_an_open_ticket_no_customer_wrote_in_is_history(bring: Import, here: Here, tmp_path: Path) -> None:
    """There is nothing to answer, and a workflow begins with a customer's message."""
    head, _, second, note = (EDESK / "messages.csv").read_text(encoding="utf-8").splitlines()
    file = tmp_path / "ours.csv"
    file.write_text("\n".join([head, second, note]), encoding="utf-8")
    assert (await bring(file)).tickets_live == 0
    assert (await here.case("7002")).status == "closed"
    assert await here.started() == []
