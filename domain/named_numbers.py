"""All other numbers in a text: by the shop's shapes and by the nearest word before them."""

import re
from collections.abc import Iterator
from itertools import islice

from domain.misleading_numbers import HIDDEN, is_counted, is_of_an_address
from domain.reference_kinds import BARE, BUYERS_OWN, MOST_NUMBERS, SHAPE, SURE, WORD, WORD_AND_SHAPE, Found, ReferenceKind
from domain.reference_labels import Label, label_before, label_within
from domain.reference_shapes import LONGEST, ReferenceShapes
from domain.reference_words import LIST_WORDS, NOTHING


class _Compiled:
    """The shop's shapes, compiled (`re` keeps what it compiled)."""

    def __init__(self, shapes: ReferenceShapes) -> None:
        companies = [pattern for patterns in shapes.purchase_orders_of.values() for pattern in patterns]
        self.order = re.compile(shapes.order_number)
        self.prefixes = tuple(prefix.upper() for prefix in shapes.order_prefixes)
        patterns = [
            (ReferenceKind.INVOICE, shapes.invoice, SURE),
            (ReferenceKind.QUOTE, shapes.quote, SURE),
            *((ReferenceKind.PURCHASE_ORDER, pattern, SURE) for pattern in (*shapes.purchase_order, *companies)),
            *((ReferenceKind.SERIAL, pattern, SHAPE) for pattern in (shapes.serial,) if pattern),
            (ReferenceKind.SKU, shapes.sku, SHAPE),
        ]
        self.kinds = tuple((kind, re.compile(pattern), score) for kind, pattern, score in patterns)


_TOKEN = re.compile(r"[A-Za-z0-9]+(?:(?:[-/]|(?<=[0-9])\.(?=[0-9]))[A-Za-z0-9]+)*")
_LIST = re.compile(
    rf"(?:[\s,;/&+、和与及或至到>*•()#-]|(?<![A-Za-zà-ÿ])(?:{LIST_WORDS}|nr\.|no\.|n°)(?![A-Za-zà-ÿ]))+", re.IGNORECASE
)
_MARKETPLACES = re.compile(r"[0-9]{3}-[0-9]{7}-[0-9]{7}|[0-9]{2}-[0-9]{5}-[0-9]{5}")
_TIKTOK = re.compile(r"tiktok|tik tok|抖音", re.IGNORECASE)
_TIKTOK_ORDER = re.compile(r"[0-9]{18}")
_RMA = re.compile(r"[0-9]{3,10}")
_ORDER_DIGITS = re.compile(r"[0-9]{4,9}")
_BY_WORD = (
    ReferenceKind.PURCHASE_ORDER,
    ReferenceKind.INVOICE,
    ReferenceKind.QUOTE,
    ReferenceKind.SERIAL,
    ReferenceKind.SKU,
)
_YEAR = re.compile(r"(?:19|20)[0-9]{2}")
_RANGE = re.compile(r"([0-9]{4,9})-([0-9]{4,9})")
_WITH_SUFFIX = re.compile(r"([0-9]{4,9})[-/][0-9]{1,2}")
_BUYERS_OWN = re.compile(r"[A-Za-z]{1,5}[-/]?[0-9][0-9A-Za-z/-]{2,20}|[0-9]{10,12}|[0-9]{2,6}(?:[-/][0-9A-Za-z]{1,8}){1,3}")
_WORD_AFTER = re.compile(r" [A-Za-zÀ-ÿ]")
_HEAD_WORD = re.compile(r"[A-Za-z]+[-_ #]*")
_PO_WORD = re.compile(r"(?i:PO)[-_ #]{0,3}")


class _Numbers:
    """One pass over the numbers of a text. `place` is where the last number ended, `said` the word that spoke for it."""

    def __init__(self, text: str, shapes: ReferenceShapes) -> None:
        self._text = text
        self._shapes = _Compiled(shapes)
        self._place = 0
        self._said: Label | None = None
        self._last = ""

    def found(self) -> Iterator[Found]:
        for start, end in self._tokens():
            written = self._text[start:end]
            if end - start > LONGEST:
                self._place = end
                continue
            if not any(map(str.isdigit, written)):
                if found := self._by_shape(start, end):
                    yield found
                continue
            label, start = self._label(start, end)
            found = self._read(start, end, label)
            if found is not None:
                yield found
                self._last = found.value
            self._said = label if found is not None else None
            self._place = end

    def _tokens(self) -> Iterator[tuple[int, int]]:
        """Words that hold a digit or a hyphen; lists such as 77120/77121 and 10401-10403 come apart."""
        tokens = (token for token in _TOKEN.finditer(self._text) if not token.group().isalpha())
        for token in islice(tokens, MOST_NUMBERS):
            start, end = token.span()
            for part in self._parts(token.group()) if end - start <= LONGEST else [token.group()]:
                yield start, start + len(part)
                start += len(part) + 1

    def _parts(self, written: str) -> list[str]:
        pair = _RANGE.fullmatch(written)
        if pair and len(pair[1]) == len(pair[2]) and self._is_order(pair[1]):
            return [*pair.groups()]
        parts = written.split("/")
        listed = all(len(part) >= 4 and any(map(str.isdigit, part)) and not _YEAR.fullmatch(part) for part in parts)
        is_path = any(part.isalpha() and len(part) > 3 for part in parts)
        return parts if listed or is_path else [written]

    def _label(self, start: int, end: int) -> tuple[Label | None, int]:
        """The word that says what this number is, and where the number begins: `order10452` holds both."""
        within = label_within(self._text, start, end)
        if within is not None:
            return within, within.end
        if self._said is not None and self._said.tight and _LIST.fullmatch(self._text, self._place, start):
            if self._continues_the_list(self._text[start:end]):
                return Label(self._said.kind, self._place, self._place, tight=True, listed=True), start
            return None, start
        window = max(self._place, start - 48)
        hidden = self._text.rfind(HIDDEN, window, start)
        return label_before(self._text, max(window, hidden + 1), start), start

    def _continues_the_list(self, written: str) -> bool:
        """Digits after digits, letters where there were letters."""
        form = _form(written)
        return form in (_form(self._last), _form(_HEAD_WORD.sub("", self._last)))

    def _read(self, start: int, end: int, label: Label | None) -> Found | None:
        """What the number is: by a shape that nothing else has, by its word, by the shop's shapes, as an order."""
        written = self._text[start:end]
        kind = label.kind if label else None
        if _MARKETPLACES.fullmatch(written) and kind != NOTHING:
            return Found(ReferenceKind.MARKETPLACE_ORDER, written, start, end, SURE)
        if _TIKTOK_ORDER.fullmatch(written) and _TIKTOK.search(self._text, max(0, start - 80), end + 40):
            return Found(ReferenceKind.MARKETPLACE_ORDER, written, start, end, WORD)
        if label is not None and label.tight and kind == ReferenceKind.RMA:
            return Found(ReferenceKind.RMA, written, start, end, SURE) if _RMA.fullmatch(written) else None
        if label is not None and label.tight and not label.listed and kind == ReferenceKind.SERIAL and len(written) >= 4:
            return Found(ReferenceKind.SERIAL, written, start, end, WORD)
        shaped = self._with_prefix(start, end) or self._by_shape(label.start if label and label.inside else start, end)
        if shaped is not None:
            return shaped
        meant = label is not None and label.tight and self._is_order(written)
        if kind == NOTHING or (is_counted(self._text, end) and not meant):
            return None
        if label is not None and kind in _BY_WORD and (label.tight or label.numbered):
            return self._by_word(start, end, label)
        if label is not None and label.tight and kind == ReferenceKind.TRACKING:
            return None
        return self._as_order(start, end, label)

    def _by_shape(self, start: int, end: int) -> Found | None:
        written = self._text[start:end]
        for kind, pattern, score in self._shapes.kinds:
            if pattern.fullmatch(written):
                return Found(kind, written, start, end, score)
        return None

    def _with_prefix(self, start: int, end: int) -> Found | None:
        written = self._text[start:end].upper()
        for prefix in self._shapes.prefixes:
            number = written.removeprefix(prefix)
            if number != written and self._is_order(number):
                return Found(ReferenceKind.ORDER, number, start + len(prefix), end, SURE)
        return None

    def _by_word(self, start: int, end: int, label: Label) -> Found | None:
        written = self._text[start:end]
        if sum(map(str.isdigit, written)) < 3 or len(written) > 24 or (_YEAR.fullmatch(written) and not label.numbered):
            return None
        asked = label.kind == ReferenceKind.QUOTE and written.isdigit() and not label.numbered
        if asked and _WORD_AFTER.match(self._text, end):
            return None  # "please quote 1500 screws"
        if label.kind == ReferenceKind.PURCHASE_ORDER and _PO_WORD.fullmatch(self._text, label.start, start):
            value = " ".join(self._text[label.start : end].split())
            return Found(ReferenceKind.PURCHASE_ORDER, value, label.start, end, WORD_AND_SHAPE)
        return Found(ReferenceKind(label.kind), written, start, end, WORD)

    def _is_order(self, written: str) -> bool:
        return self._shapes.order.fullmatch(written) is not None

    def _as_order(self, start: int, end: int, label: Label | None) -> Found | None:
        """An order number: after its word or a hash sign, or alone if it has the shop's shape."""
        written = self._text[start:end]
        named = label is not None and label.kind == ReferenceKind.ORDER
        hashed = start > 0 and self._text[start - 1] == "#"
        suffixed = _WITH_SUFFIX.fullmatch(written)
        if suffixed and self._is_order(suffixed[1]):
            written, end = suffixed[1], suffixed.end(1) + start
        if self._is_order(written):
            if named or hashed:
                return Found(ReferenceKind.ORDER, written, start, end, WORD_AND_SHAPE if named else SURE)
            # A round number without a word is a quantity far more often than an order.
            quantity = written.endswith(("000", "500")) or is_counted(self._text, end)
            misleading = quantity or is_of_an_address(self._text, start, end)
            return None if misleading else Found(ReferenceKind.ORDER, written, start, end, BARE)
        if label is not None and named:
            return self._as_named_order(start, end, label)
        number = hashed and label is None and _ORDER_DIGITS.fullmatch(written)
        return Found(ReferenceKind.ORDER, written, start, end, WORD) if number else None

    def _as_named_order(self, start: int, end: int, label: Label) -> Found | None:
        """A number that the word "order" stands before, without the shop's shape: it may be the buyer's own."""
        written = self._text[start:end]
        if not (label.tight or label.numbered) or (_YEAR.fullmatch(written) and not label.numbered):
            return None
        if label.listed and len(written) != len(self._last):
            return None  # "order 10452, 6000 of them"
        if _ORDER_DIGITS.fullmatch(written):
            return Found(ReferenceKind.ORDER, written, start, end, WORD)
        if _BUYERS_OWN.fullmatch(written) and sum(map(str.isdigit, written)) >= 3:
            return Found(ReferenceKind.PURCHASE_ORDER, written, start, end, BUYERS_OWN)
        return None


def numbers(text: str, shapes: ReferenceShapes) -> Iterator[Found]:
    """What the numbers of a text are, in order; the text has its misleading numbers hidden."""
    return _Numbers(text, shapes).found()


def _form(written: str) -> str:
    return re.sub(r"[A-Za-z]+", "A", re.sub(r"[0-9]+", "0", written))
