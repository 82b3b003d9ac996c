"""HTML mail as text, whole or without what it quotes."""

import re

from inscriptis.html_engine import Inscriptis
from inscriptis.model.config import ParserConfig
from lxml.etree import LxmlError  # pyright: ignore[reportAttributeAccessIssue]  compiled, without stubs
from lxml.html import HtmlElement, HTMLParser, document_fromstring

_LIMIT = 2_000_000
"""Bytes of HTML that are turned into text; the HTML itself is kept whole."""

_QUOTES = (
    "//blockquote"
    "|//*[contains(concat(' ', normalize-space(@class), ' '), ' gmail_quote ')]"
    "|//*[contains(concat(' ', normalize-space(@class), ' '), ' gmail_quote_container ')]"
    "|//*[contains(concat(' ', normalize-space(@class), ' '), ' gmail_attr ')]"
    "|//*[contains(concat(' ', normalize-space(@class), ' '), ' moz-cite-prefix ')]"
    "|//*[contains(concat(' ', normalize-space(@class), ' '), ' yahoo_quoted ')]"
    "|//*[contains(concat(' ', normalize-space(@class), ' '), ' protonmail_quote ')]"
    "|//includetail"
    "|//*[@id='isReplyContent']|//*[@id='isForwardContent']"
)
"""How mail programs mark a quotation: Gmail, Thunderbird, Yahoo, Proton, QQ, NetEase (163)."""

_CUTS = "//*[@id='divRplyFwdMsg']|//*[@id='appendonsend']|//*[@id='mail-editor-reference-message-container']"
"""Where Outlook begins the quotation: it and all that follows it go."""


_MARKS = re.compile(
    "blockquote|gmail_|moz-cite-prefix|yahoo_quoted|protonmail_quote|includetail|isReplyContent|isForwardContent"
    "|divRplyFwdMsg|appendonsend|mail-editor-reference-message-container",
    re.IGNORECASE,
)


def marks_quotes(html: str) -> bool:
    """Whether anything in it may be marked as quoted."""
    return _MARKS.search(html) is not None


def html_text(html: str, *, without_quotes: bool = False) -> str:
    """The text of an HTML mail, with `without_quotes` only outside what mail programs mark as quoted.

    Never raises on bad HTML; where nothing can be read the result is empty.
    """
    content = html.replace("\x00", "").encode(errors="replace")[:_LIMIT]
    if not content.strip():
        return ""
    try:
        tree = document_fromstring(content, parser=HTMLParser(encoding="utf-8", remove_comments=True, remove_pis=True))
        if without_quotes:
            _drop_quotes(tree)
        lines = (Inscriptis(tree, ParserConfig()).get_text() or "").split("\n")
    except (LxmlError, ValueError, RecursionError):
        return ""
    return "\n".join(line.rstrip() for line in lines).strip()


def _drop_quotes(tree: HtmlElement) -> None:
    for mark in _found(tree, _CUTS):
        _drop_from(mark)
    for quote in _found(tree, _QUOTES):
        if quote.getparent() is not None:
            quote.drop_tree()


def _drop_from(mark: HtmlElement) -> None:
    """Removes `mark` and everything behind it in the document."""
    node: HtmlElement | None = mark
    while node is not None:
        parent = node.getparent()
        if parent is None:
            return
        for follower in list(node.itersiblings()):
            parent.remove(follower)
        if node is mark:
            mark.tail = None
            parent.remove(mark)
        else:
            node.tail = None
        node = parent


def _found(tree: HtmlElement, path: str) -> list[HtmlElement]:
    found = tree.xpath(path)
    return [node for node in found if isinstance(node, HtmlElement)] if isinstance(found, list) else []
