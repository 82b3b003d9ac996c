"""A thousand hostile pieces of HTML through the cleaning, and through the text that is made of them."""

import re
from datetime import UTC, datetime

import pytest
from lxml import html as markup

from activities.mail.html_text import html_text
from activities.mail.parsing import Envelope, parse_mail
from api.views.mail_html import cleaned
from playbook.loader import DEFAULT_FOLDER, load
from tests.mail.hostile.payloads import PAYLOADS

PLAYBOOK = load(DEFAULT_FOLDER)
ENVELOPE = Envelope("anna@acme.example", ("support@northwind-tools.example",))
CHUNKS = 20

HARMLESS_TAGS = set(
    "a abbr b bdi bdo blockquote br caption center code col colgroup dd del div dl dt em font h1 h2 h3 h4 h5 h6 hr i ins kbd li"
    " mark ol p pre q s samp small span strike strong sub sup table tbody td tfoot th thead tr tt u ul".split()
)
HARMLESS_ATTRIBUTES = set(
    "align dir lang title valign href rel target colspan rowspan width border cellpadding cellspacing color size start"
    " type".split()
)


def test_there_are_at_least_a_thousand() -> None:
    assert len(PAYLOADS) >= 1000


@pytest.mark.parametrize("chunk", range(CHUNKS))
def test_nothing_that_acts_is_left(chunk: int) -> None:
    for payload in PAYLOADS[chunk::CHUNKS]:
        shown = cleaned(payload)
        assert cleaned(shown) == shown, "what is cleaned is clean"
        for element in markup.fragment_fromstring(f"<div>{shown}</div>".replace("\x00", "")).iter():
            assert isinstance(element.tag, str), payload
            assert element.tag in HARMLESS_TAGS, payload
            assert set(element.attrib) <= HARMLESS_ATTRIBUTES, payload
            # As browsers read it (WHATWG URL, "basic URL parser"): spaces and controls around go, tabs and line breaks too.
            address = re.sub(r"[\t\r\n]", "", element.attrib.get("href", "").strip("".join(map(chr, range(33)))))
            scheme = re.match(r"([A-Za-z][A-Za-z0-9+.-]*):", address)
            assert scheme is None or scheme.group(1).lower() in ("http", "https", "mailto", "tel"), payload


@pytest.mark.parametrize("chunk", range(CHUNKS))
def test_its_text_and_its_reading_never_raise(chunk: int) -> None:
    for payload in PAYLOADS[chunk::CHUNKS]:
        assert isinstance(html_text(payload), str)
        assert isinstance(html_text(payload, without_quotes=True), str)
        raw = b"Subject: x\r\nContent-Type: text/html; charset=utf-8\r\n\r\n" + payload.encode(errors="replace")
        message = parse_mail(raw, ENVELOPE, PLAYBOOK, datetime(2026, 3, 2, tzinfo=UTC), "blob")
        assert "hit()" not in message.subject
