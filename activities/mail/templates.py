"""The playbook's texts, rendered. They are plain text: nothing is escaped, and what is filled in is never itself a template."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any, NamedTuple

from jinja2 import FileSystemLoader, StrictUndefined, TemplateError, TemplateNotFound, pass_context
from jinja2.runtime import Context
from jinja2.sandbox import ImmutableSandboxedEnvironment

DEFAULT_FOLDER = Path(__file__).resolve().parent.parent.parent / "playbook" / "templates"
LAST_RESORT = "en"
_SUBJECT = "Subject:"

_DAYS = {"de": "{0.day:02}.{0.month:02}.{0.year}", "zh": "{0.year}年{0.month}月{0.day}日"}
_SLASHED = "{0.day:02}/{0.month:02}/{0.year}"
_COMMA_LANGUAGES = {"de": ".", "es": ".", "it": ".", "fr": "\u202f"}
"""Languages with a decimal comma, and what they put between thousands (Unicode CLDR)."""


class TextError(ValueError):
    """A text of the playbook is missing or cannot be rendered; the message names it and says why."""


class Text(NamedTuple):
    """`language` is the one it is written in, which need not be the one asked for."""

    subject: str
    body: str
    language: str


class Templates:
    """The texts in a folder, `<name>.<language>.jinja`: the first line is `Subject: …`, then the body."""

    def __init__(self, folder: Path = DEFAULT_FOLDER) -> None:
        self._environment = ImmutableSandboxedEnvironment(
            loader=FileSystemLoader(folder),
            undefined=StrictUndefined,
            autoescape=False,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._environment.filters.update(day=_day, money=_money)

    def render(self, name: str, languages: tuple[str, ...], facts: Mapping[str, Any]) -> Text:
        """The text in the first of `languages` that it exists in, English being the last resort.

        Raises TextError where it exists in none, or lacks a fact.
        """
        for language in dict.fromkeys((*languages, LAST_RESORT)):
            try:
                template = self._environment.get_template(f"{name}.{language}.jinja")
                text = template.render({**facts, "language": language})
            except TemplateNotFound:
                continue
            except (TemplateError, ArithmeticError, LookupError, TypeError, ValueError) as error:
                raise TextError(f"text {name}.{language} cannot be written: {error}") from error
            subject, _, body = text.lstrip().partition("\n")
            if not subject.startswith(_SUBJECT):
                raise TextError(f"text {name}.{language} must begin with a line `{_SUBJECT} …`")
            return Text(subject.removeprefix(_SUBJECT).strip(), body.strip(), language)
        raise TextError(f"the playbook has no text {name} in {', '.join(languages)} nor in {LAST_RESORT}")


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
        raise TextError(f"{value!r} is no amount") from None
    text = f"{amount:,f}"
    thousands = _COMMA_LANGUAGES.get(context["language"])
    if thousands is None:
        return f"{currency} {text}"
    return f"{text.replace(',', ' ').replace('.', ',').replace(' ', thousands)} {currency}"
