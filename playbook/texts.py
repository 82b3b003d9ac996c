"""How the playbook's texts are written: Jinja, without any way out of the sandbox, and with days and money as each language
writes them."""

from collections.abc import Iterator, Mapping
from datetime import date
from decimal import Decimal, InvalidOperation

from jinja2 import BaseLoader, StrictUndefined, TemplateSyntaxError, nodes, pass_context
from jinja2.runtime import Context
from jinja2.sandbox import ImmutableSandboxedEnvironment

from domain.mistakes import suggestion
from playbook.errors import Mistake

_DAYS = {"de": "{0.day:02}.{0.month:02}.{0.year}", "zh": "{0.year}年{0.month}月{0.day}日"}
_SLASHED = "{0.day:02}/{0.month:02}/{0.year}"
_COMMA_LANGUAGES = {"de": ".", "es": ".", "it": ".", "fr": "\u202f"}
"""Languages with a decimal comma, and what they put between thousands (Unicode CLDR)."""


def open_environment(loader: BaseLoader | None = None) -> ImmutableSandboxedEnvironment:
    """What texts are rendered with. They are plain text: nothing is escaped."""
    environment = ImmutableSandboxedEnvironment(
        loader=loader, undefined=StrictUndefined, autoescape=False, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters.update(day=_day, money=_money)
    return environment


def mistakes_in(texts: Mapping[str, str], folder: str) -> Iterator[Mistake]:
    """What keeps texts, by file name, from being rendered at all."""
    environment = open_environment()
    for name, text in texts.items():
        try:
            tree = environment.parse(text, name)
        except TemplateSyntaxError as error:
            yield Mistake(f"{folder}/{name}", error.lineno, f"this is not Jinja: {error.message}")
            continue
        for filtered in tree.find_all(nodes.Filter):
            if filtered.name not in environment.filters:
                words = f"there is no filter {filtered.name!r}. {suggestion(filtered.name, environment.filters)}"
                yield Mistake(f"{folder}/{name}", filtered.lineno, words)
        for node in tree.find_all((nodes.Extends, nodes.FromImport, nodes.Import, nodes.Include)):
            other = getattr(node, "template", None)
            if isinstance(other, nodes.Const) and other.value not in texts:
                words = f"there is no text {other.value!r}. {suggestion(str(other.value), texts)}"
                yield Mistake(f"{folder}/{name}", node.lineno, words)


@pass_context
def _day(context: Context, value: str | date) -> str:
    """A date (ISO text or date) as the text's language writes it."""
    day = value if isinstance(value, date) else date.fromisoformat(str(value)[:10])
    language = context["language"]
    return f"{day.day} {day:%B %Y}" if language == "en" else _DAYS.get(language, _SLASHED).format(day)


@pass_context
def _money(context: Context, value: str | int | Decimal, currency: str) -> str:
    """An amount with its currency's ISO code as the text's language writes it. Never by way of a binary float."""
    try:
        amount = Decimal(str(value)).quantize(Decimal("0.01"))
    except InvalidOperation:
        raise ValueError(f"{value!r} is no amount") from None
    text = f"{amount:,f}"
    thousands = _COMMA_LANGUAGES.get(context["language"])
    if thousands is None:
        return f"{currency} {text}"
    return f"{text.replace(',', ' ').replace('.', ',').replace(' ', thousands)} {currency}"
