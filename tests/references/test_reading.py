"""What counts as a reference, where it stands, and what reading it costs."""

import time
from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.reference_kinds import ReferenceKind
from domain.reference_shapes import ReferenceShapes
from domain.references import (
    MOST_REFERENCES,
    MessagePart,
    Reference,
    bare,
    evidence,
    find,
    plain,
    read_references,
    references_of,
)
from domain.tracking_numbers import carrier_of
from playbook.errors import PlaybookError
from playbook.loader import DEFAULT_FOLDER, load

SHAPES = load(DEFAULT_FOLDER).stores["northwind-tools"].references


def test_a_found_reference_says_where_it_stands() -> None:
    text = "订单１０４５２发出，PO 77120"
    found = find(text)
    assert [(one.kind, one.value) for one in found] == [
        (ReferenceKind.ORDER, "10452"),
        (ReferenceKind.PURCHASE_ORDER, "PO 77120"),
    ]
    assert all(plain(text)[one.start : one.end] == one.value for one in found)
    assert evidence("10452", [text]) == "订单10452发出,PO 77120"


def test_ways_of_writing_one_number_are_one_reference() -> None:
    found = references_of("PO-77120, ＰＯ－７７１２０ and P\u200bO# 77120", SHAPES)
    assert found == (Reference(kind=ReferenceKind.PURCHASE_ORDER, value="PO-77120"),)
    assert bare("po# 77-120") == bare("ＰＯ－７７１２０") == "77120"


def test_each_part_has_its_worth() -> None:
    parts = {
        MessagePart.SUBJECT: "Order 10401",
        MessagePart.TEXT: "10401 and order 10402; also 10403",
        MessagePart.ATTACHMENT: "PO_77120.pdf\nIMG_10234.jpg",
        MessagePart.QUOTED: "> order 10402 and order 10404",
    }
    named = (Reference(kind=ReferenceKind.ORDER, value="10405"),)
    found = {one.value: (one.part, one.score) for one in read_references(parts, SHAPES, named)}
    assert found == {
        "10405": (MessagePart.CHANNEL, 100),
        "10401": (MessagePart.SUBJECT, 95),
        "10402": (MessagePart.TEXT, 90),
        "PO 77120": (MessagePart.ATTACHMENT, 70),
        "10403": (MessagePart.TEXT, 54),
        "10404": (MessagePart.QUOTED, 40),
    }
    assert next(iter(found)) == "10405"


def test_the_shops_prefix_is_not_part_of_the_number() -> None:
    shapes = ReferenceShapes(order_prefixes=("SO-", "NWT"), order_number="[0-9]{6}")
    found = references_of("so-104521 and NWT104522, PO 10452", shapes)
    assert [(one.kind, one.value) for one in found] == [
        (ReferenceKind.ORDER, "104521"),
        (ReferenceKind.ORDER, "104522"),
        (ReferenceKind.PURCHASE_ORDER, "PO 10452"),
    ]


@pytest.mark.parametrize(
    ("number", "carrier"),
    [
        ("1Z999AA10123456784", "UPS"),
        ("00340434161094000701", "DHL Paket"),
        ("JJD000390007827100001", "DHL Paket"),
        ("RB123456785GB", "S10"),
        ("9400111201080805483016", "USPS"),
        ("SF1234567890123", "SF Express"),
        ("YT1234567890123", "YTO"),
    ],
)
def test_parcel_numbers_known_by_their_shape(number: str, carrier: str) -> None:
    found = carrier_of(number, frozenset(), labelled=False)
    assert found is not None
    assert found[0].name == carrier


@pytest.mark.parametrize(
    ("number", "word"),
    [
        ("986578788855", "fedex"),
        ("3318810025", "dhl"),
        ("01505012345678", "dpd"),
        ("123456789012", "gls"),
        ("190012345678901", "brt"),
        ("12345678901234", "seur"),
        ("6A12345678901", "colissimo"),
        ("123456789012", "顺丰"),
    ],
)
def test_ambiguous_parcel_numbers_need_their_carrier(number: str, word: str) -> None:
    assert carrier_of(number, frozenset(), labelled=False) is None
    assert carrier_of(number, frozenset({word}), labelled=False) is not None
    assert not references_of(f"our stock count {number}")


@pytest.mark.parametrize("number", ["RB123456784GB", "9400111201080805483017", "986578788856", "3318810026"])
def test_a_wrong_check_digit_is_no_parcel(number: str) -> None:
    assert carrier_of(number, frozenset({"fedex", "usps"}), labelled=False) is None


def test_a_bare_sap_number_is_no_parcel() -> None:
    assert not [one for one in references_of("4500123456 please") if one.kind is ReferenceKind.TRACKING]


@pytest.mark.parametrize(
    "pattern", ["(", "([0-9]+)+", "[0-9]*", "([0-9]{1,9}){1,9}", "", "(a|ab|b){1,30}", "(?:){0,4000000000}A", r"([0-9])\1"]
)
def test_a_pattern_that_could_stall_is_refused_with_its_place(pattern: str, tmp_path: Path) -> None:
    for file in DEFAULT_FOLDER.glob("*.yaml"):
        (tmp_path / file.name).write_text(file.read_text(encoding="utf-8"), encoding="utf-8")
    (tmp_path / "templates").mkdir()
    stores = yaml.safe_load((tmp_path / "stores.yaml").read_text(encoding="utf-8"))
    stores["casa-lumen"]["references"]["sku"] = pattern
    (tmp_path / "stores.yaml").write_text(yaml.safe_dump(stores, allow_unicode=True), encoding="utf-8")
    with pytest.raises(PlaybookError, match=r"stores\.yaml:\d+: casa-lumen\.references\.sku: "):
        load(tmp_path)


def test_a_message_names_only_so_many() -> None:
    text = " ".join(f"PO-{number}" for number in range(70000, 72000))
    assert len(references_of(text)) == MOST_REFERENCES
    assert len(read_references({MessagePart.TEXT: text})) == MOST_REFERENCES


_PIECES = st.sampled_from(
    "1|10452 |order |PO-|PO 77120/|A-|1.1|1Z 9|a@|+4 |DE89 3704 |订单|订单10452|１|/|\n|no. |n|1,111|jan |\u200b|10115 Berlin|"
    "# |- |0 1 2 |(0 |EUR|x12 |RMA-|S/N |tiktok |123456789012345678 |UPS |12-34567-|NW-SAW-185 |年11月|.".split("|")
)


@given(st.lists(_PIECES, min_size=1, max_size=4))
@settings(max_examples=10, deadline=None)
def test_twice_the_text_takes_twice_the_time(pieces: list[str]) -> None:
    """Growth from 10,000 to 40,000 characters, well below what quadratic reading would show; the best of three of each."""
    seed = "".join(pieces)

    def seconds(size: int) -> float:
        text = (seed * (size // len(seed) + 1))[:size]
        best = float("inf")
        for _ in range(3):
            started = time.process_time()
            find(text, SHAPES)
            best = min(best, time.process_time() - started)
        return best

    assert seconds(40_000) < 9 * max(seconds(10_000), 0.002)


@pytest.mark.parametrize("seed", ["1Z 9", "10452 ", "订单10452", "DE89 3704 ", "a@", "order ", "+4 ", "0 1 2 ", "A"])
def test_a_megabyte_costs_no_more_than_its_beginning(seed: str) -> None:
    found = [references_of((seed * 300_000)[:size], SHAPES) for size in (100_000, 1_000_000)]
    assert found[0] == found[1]


@given(st.text(max_size=300))
@settings(max_examples=200, deadline=None)
def test_any_text_can_be_read(text: str) -> None:
    for one in find(text, SHAPES):
        assert plain(text)[one.start : one.end]
        assert one.value
