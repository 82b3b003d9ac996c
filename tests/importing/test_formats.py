"""What a file is, is told by its content; what is wrong with it in one line. Broken JSON costs as little as it can."""

import json
from pathlib import Path

import pytest

from activities.importing import json_records
from activities.importing.reading import Reading, Unusable
from activities.importing.recognising import recognise
from tests.importing.conftest import SAMPLES, Import
from workers.errors import CommandError

TICKET = json.loads((SAMPLES / "zendesk" / "tickets.json").read_text(encoding="utf-8").splitlines()[1])


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "is empty"),
        (b" \n\n", "is empty"),
        (b"\x89PNG\r\n\x1a\n\x00\x00\x00", "none of what can be imported"),
        (b"PK\x03\x04\x14\x00\x00\x00", "none of what can be imported"),
        (b"just some words\nof a person", "none of what can be imported"),
        (b'{"name": "no tickets"}', "no export of tickets"),
        (b"[1, 2, 3]", "no export of tickets"),
        (b"[]", "no export of tickets"),
        (b"{", "no export of tickets"),
        (b"Ticket ID,Colour\n1,red", "without the columns"),
        (b"\xff\xfe[\x00]\x00", "UTF-16"),
        (b'{"id":1,"name":"A","email":"a@b.example","role":"agent"}', "lists people"),
        (b'{"organizations":[{"id":1,"name":"A"}]}', "lists people"),
    ],
)
def test_wrong_files_are_one_line(reading: Reading, tmp_path: Path, content: bytes, words: str) -> None:
    file = tmp_path / "tickets.mbox"
    file.write_bytes(content)
    with pytest.raises(Unusable, match=words) as raised:
        recognise(file, reading)
    assert "\n" not in str(raised.value)
    assert reading.problems == []


async def test_missing_things_are_one_line(bring: Import, tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="no such file"):
        await bring(tmp_path / "nothing.mbox")
    with pytest.raises(CommandError, match=r"without \.eml files"):
        await bring(tmp_path)
    with pytest.raises(CommandError, match="add --store"):
        await bring(SAMPLES / "zendesk" / "tickets.json", store=None)
    with pytest.raises(CommandError, match="the playbook has the stores"):
        await bring(SAMPLES / "zendesk" / "tickets.json", store="nowhere")
    file = tmp_path / "short.csv"
    file.write_text("Ticket ID,Status,Direction,Message\n")
    with pytest.raises(CommandError, match="Message ID"):
        await bring(file)


SHAPES = {
    "lines": lambda tickets: "\n".join(map(json.dumps, tickets)) + "\n",
    "lines with CRLF, empty ones and a mark": lambda tickets: "\ufeff" + "\r\n\r\n".join(map(json.dumps, tickets)),
    "one list": lambda tickets: json.dumps(tickets),
    "one list, laid out": lambda tickets: json.dumps(tickets, indent=4, ensure_ascii=False),
    "a page": lambda tickets: json.dumps({"count": 3, "tickets": tickets, "end_of_stream": True}),
    "a page, laid out": lambda tickets: json.dumps({"next": {"a": ["]"]}, "tickets": tickets, "x": None}, indent=1),
    "pages as lines": lambda tickets: "\n".join(json.dumps({"tickets": [ticket]}) for ticket in tickets),
    "wrapped": lambda tickets: "\n".join(json.dumps({"ticket": ticket}) for ticket in tickets),
    "concatenated and laid out": lambda tickets: "".join(json.dumps(ticket, indent=1) for ticket in tickets),
}


def tickets(count: int) -> list[dict[str, object]]:
    return [
        TICKET | {"id": number, "comments": [TICKET["comments"][0] | {"id": number, "body": 'a "quoted\\" }]{[ 你好'}]}
        for number in range(count)
    ]


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("chunk", [7, 1 << 20])
def test_every_shape_of_json(reading: Reading, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, shape: str, chunk: int) -> None:
    monkeypatch.setattr(json_records, "_CHUNK", chunk)
    file = tmp_path / "export"
    file.write_text(SHAPES[shape](tickets(3)), encoding="utf-8")
    read = [record.value for record in json_records.records(file, reading) if record.kind == "ticket"]
    assert read == tickets(3)
    assert reading.problems == []
    assert reading.passed == file.stat().st_size


async def test_broken_lines_cost_themselves_only(bring: Import, tmp_path: Path) -> None:
    good = [json.dumps(ticket) for ticket in tickets(3)]
    file = tmp_path / "export.ndjson"
    bad = [good[0][:-9], "17", '"x"', "\x00\x00", "[" * 100_000, "{" + '"a":' * 3]
    file.write_text("\n".join([good[0], *bad, *good[1:]]))
    report = await bring(file)
    assert (report.tickets_added, report.status) == (3, 3)
    assert [problem.where for problem in report.unread] == [f"export.ndjson, line {line}" for line in range(2, 8)]


async def test_a_first_line_that_is_broken(bring: Import, tmp_path: Path) -> None:
    good = [json.dumps(ticket) for ticket in tickets(2)]
    file = tmp_path / "export.ndjson"
    file.write_text("\n".join([good[0][:-9], *good]))
    report = await bring(file)
    assert (report.tickets_added, [problem.where for problem in report.unread]) == (2, ["export.ndjson, line 1"])


async def test_a_document_that_breaks_off_gives_what_it_has(bring: Import, tmp_path: Path) -> None:
    text = json.dumps(tickets(3), indent=1)
    file = tmp_path / "cut.json"
    file.write_text(text[: text.rindex('"id"') + 3])
    report = await bring(file)
    assert (report.tickets_added, report.status) == (2, 3)
    [problem] = report.unread
    assert problem.where.startswith("cut.json, byte ")
    assert "the file ends too early" in problem.why


async def test_a_bad_element_of_a_document_costs_itself_only(bring: Import, tmp_path: Path) -> None:
    first, *rest = [json.dumps(ticket) for ticket in tickets(3)]
    file = tmp_path / "export.json"
    file.write_bytes(
        b"[\n" + b",\n".join([first.encode(), b'{"id": nope}', b'{"a": "\xff"}', b"5", *map(str.encode, rest)]) + b"]"
    )
    report = await bring(file)
    assert (report.tickets_added, len(report.unread)) == (3, 3)


async def test_nothing_usable_is_status_one(bring: Import, tmp_path: Path) -> None:
    file = tmp_path / "export.json"
    file.write_text(json.dumps([ticket | {"status": None} for ticket in tickets(3)]))
    report = await bring(file)
    assert (report.tickets_added, len(report.unread), report.status) == (0, 3, 1)
