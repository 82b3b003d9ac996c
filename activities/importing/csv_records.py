"""CSV exports row by row: the columns by name in lower case, whatever separates them."""

import csv
import re
from collections.abc import Iterator
from pathlib import Path

from activities.importing.reading import Reading, Unusable
from activities.mail.mime import decode

_SAMPLE = 256 * 1024
_SEPARATORS = ",;\t"
_HIGH = re.compile(rb"[\x80-\xff]+")


def columns(file: Path) -> list[str]:
    """The names in the first row, in lower case; empty where the file is no table."""
    with file.open("rb") as opened:
        head = opened.read(_SAMPLE)
    first = decode(head.split(b"\n", 1)[0], "utf-8").strip()
    if "\x00" in first:
        return []
    return [name.strip().lower() for name in next(csv.reader([first], delimiter=_separator(first)), [])]


def rows(file: Path, reading: Reading) -> Iterator[tuple[str, dict[str, str]]]:
    """Each row and where it stands. A row with more cells than there are columns is reported and left out."""
    names = columns(file)
    csv.field_size_limit(reading.size_limit)
    with file.open("rb") as opened:
        lines = _decoded(opened, reading, _encoding(file))
        first = next(lines, "")
        table = csv.reader(lines, delimiter=_separator(first), strict=True)
        while True:
            begins = table.line_num + 2
            where = f"{file.name}, line {begins}"
            try:
                cells = next(table)
            except StopIteration:
                return
            except (csv.Error, UnicodeDecodeError) as error:
                reading.problem(where, "row", f"cannot be read: {error}")
                continue
            if not any(cell.strip() for cell in cells):
                continue
            if len(cells) > len(names):
                reading.problem(where, "row", f"has {len(cells)} cells for {len(names)} columns")
                continue
            yield where, dict(zip(names, cells, strict=False))


def _decoded(opened: Iterator[bytes], reading: Reading, encoding: str) -> Iterator[str]:
    for line in opened:
        reading.passed += len(line)
        yield line.decode(encoding, errors="replace").replace("\x00", "")


def _separator(first: str) -> str:
    return max(_SEPARATORS, key=first.count)


def _encoding(file: Path) -> str:
    """UTF-8 where all of the file is; else what spreadsheets write in China, or in the West.

    Chinese has its bytes above ASCII in runs, accents stand alone.
    """
    is_utf8 = is_chinese = True
    alone = together = 0
    with file.open("rb") as opened:
        for line in opened:
            is_utf8 = is_utf8 and _decodes(line, "utf-8")
            is_chinese = is_chinese and _decodes(line, "gb18030")
            for run in _HIGH.findall(line):
                alone += len(run) == 1
                together += len(run) > 1
    if is_utf8:
        return "utf-8-sig"
    return "gb18030" if is_chinese and together > alone else "cp1252"


def _decodes(line: bytes, encoding: str) -> bool:
    try:
        line.decode(encoding)
    except UnicodeDecodeError:
        return False
    return True


def require(names: list[str], needed: dict[str, str], what: str) -> None:
    """Raises Unusable where a column is missing that nothing works without."""
    missing = [shown for name, shown in needed.items() if name not in names]
    if missing:
        raise Unusable(f"{what} lacks the column{'s' if len(missing) > 1 else ''} {', '.join(missing)}")
