"""The playbook's texts, rendered. They are plain text: nothing is escaped, and what is filled in is never itself a template."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from jinja2 import FunctionLoader, TemplateError, TemplateNotFound

from playbook.running import RunningPlaybook
from playbook.texts import open_environment

LAST_RESORT = "en"
_SUBJECT = "Subject:"


class TextError(ValueError):
    """A text of the playbook is missing or cannot be rendered; the message names it and says why."""


class Text(NamedTuple):
    """`language` is the one it is written in, which need not be the one asked for."""

    subject: str
    body: str
    language: str


class Templates:
    """The playbook's texts, `<name>.<language>.jinja`: the first line is `Subject: …`, then the body."""

    def __init__(self, playbook: RunningPlaybook) -> None:
        self._playbook = playbook
        self._environment = open_environment(FunctionLoader(self._source))

    def _source(self, name: str) -> tuple[str, None, Callable[[], bool]] | None:
        """A text as Jinja takes it in: with a way to ask whether it is still this one."""
        text = self._playbook.now.templates.get(name)
        return None if text is None else (text, None, lambda: self._playbook.now.templates.get(name) == text)

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
