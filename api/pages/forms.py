"""Forms made from the declared models of decisions and starts, so that a new process needs none of its own."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import UUID, uuid4

from pydantic import BaseModel

from api.pages.words import named
from workflows._kit.contract import own_words

FREE = "f."
"""Prefix of what a person types or picks."""
FIXED = "k."
"""Prefix of what the form says by itself; in a row it counts only where the person filled something in."""
BEFORE = "w."
"""Prefix of what an optional field held when it was shown: unchanged, it is not sent."""

_BLANK_ROWS = 3
_LONG_TEXT = 1000

_LABELS = {
    "close": "Resolve once it is sent",
    "until": "Until",
    "party": "Who is waited for",
    "chase_after": "Chase after",
    "provider_id": "Its number at the provider",
    "action": "What to do",
    "wish": "The customer wishes",
    "sku": "SKU",
    "seen_revision": "Version",
    "into": "Ticket number",
    "message_ids": "Messages",
    "answers": "It answers",
    "waive_open": "What nobody has answered needs no answer",
}
_HELP = {
    "chase_after": "such as 4h or 2d; the playbook's time where left empty",
    "tags": "with commas between",
    "provider_id": "if a person did it by hand",
    "into": "type it, or pick one of the same company",
    "answers": "beside what the text names",
}


@dataclass(frozen=True)
class FormField:
    """One input. `name` carries prefix and path; `kind` picks the element."""

    name: str
    label: str
    kind: str
    value: str = ""
    required: bool = False
    help: str = ""
    options: tuple[tuple[str, str], ...] = ()
    before: str | None = None
    rows: tuple["FormRow", ...] = ()
    minimum: str = ""
    maximum: str = ""
    zone: str = ""


@dataclass(frozen=True)
class FormRow:
    """One entry of a list: what it is about, and its inputs."""

    label: str
    fields: tuple[FormField, ...]

    @property
    def is_single(self) -> bool:
        """Whether there is one input only, which can stand beside the label."""
        return sum(part.kind != "hidden" for part in self.fields) == 1


@dataclass(frozen=True)
class Form:
    """A form with its words. `said` is what became of it last time: `level` is good, wait or bad."""

    key: str
    kind: str
    title: str
    help: str
    action: str
    decision_id: UUID
    seen_revision: int | None
    fields: tuple[FormField, ...]
    preview: str = ""
    """Where the page asks what would come of it, while it is being filled in."""
    said: str = ""
    level: str = ""
    open: bool = False

    def after(self, said: str, level: str, typed: Mapping[str, str] | None = None) -> "Form":
        """The form with an answer beside it; `typed` puts back what the person had filled in."""
        fields = self.fields if typed is None else typed_again(self.fields, typed)
        return replace(self, said=said, level=level, fields=fields, open=True)


@dataclass(frozen=True)
class Setting:
    """What a form is filled with: values and choices by field name, rows of lists, fixed values, the zone of its times. The
    choices of a list are ticked, those of a number suggested."""

    values: Mapping[str, Any] = field(default_factory=dict)
    choices: Mapping[str, Sequence[tuple[str, str]]] = field(default_factory=dict)
    rows: Mapping[str, Sequence[tuple[str, Mapping[str, Any], Mapping[str, Any]]]] = field(default_factory=dict)
    """By list: label, fixed values, values to begin with."""
    fixed: Mapping[str, str] = field(default_factory=dict)
    zone: str = "UTC"


def form_fields(model: type[BaseModel], setting: Setting) -> tuple[FormField, ...]:
    """The inputs for a model, in its order."""
    schema = model.model_json_schema()
    maker = _Maker(schema.get("$defs", {}), setting, own_words(model))
    required = set(schema.get("required", ()))
    made = [maker.make(name, part, name in required) for name, part in schema.get("properties", {}).items()]
    return tuple(made)


def typed_again(fields: Iterable[FormField], typed: Mapping[str, str]) -> tuple[FormField, ...]:
    """The inputs with what the person had typed."""
    return tuple(_filled(entry, typed) for entry in fields)


def new_form(
    key: str,
    kind: str,
    title: str,
    help_text: str,
    action: str,
    seen_revision: int | None,
    fields: Iterable[FormField],
    preview: str = "",
) -> Form:
    """A fresh form: it carries the id of the decision it will become, so that sending it twice decides once."""
    return Form(key, kind, title, help_text, action, uuid4(), seen_revision, tuple(fields), preview)


class _Maker:
    def __init__(self, definitions: Mapping[str, Any], setting: Setting, long: set[str]) -> None:
        self._definitions = definitions
        self._setting = setting
        self._long = long

    def make(self, name: str, schema: Mapping[str, Any], required: bool) -> FormField:
        if name in self._setting.fixed:
            return FormField(FIXED + name, name, "hidden", self._setting.fixed[name])
        part = self._resolved(schema)
        if part.get("type") == "array" and self._resolved(part.get("items", {})).get("type") == "object":
            return self._list(name, self._resolved(part["items"]))
        value = self._setting.values.get(name, schema.get("default"))
        made = self._input(FREE + name, name, part, required, value)
        optional = not required and made.kind != "checkbox" and made.value != ""
        return replace(made, before=made.value) if optional and name in self._setting.values else made

    def _input(self, path: str, name: str, part: Mapping[str, Any], required: bool, value: Any) -> FormField:
        made = FormField(path, _LABELS.get(name, named(name)), "text", _shown(value), required, _HELP.get(name, ""))
        kind = part.get("type")
        if name in self._setting.choices and kind in ("array", "integer"):
            kind = "ticks" if kind == "array" else "suggested"
            return replace(made, kind=kind, options=tuple(self._setting.choices[name]))
        if name in self._setting.choices:
            return replace(made, kind="select", options=_options(self._setting.choices[name], required, made.value))
        if "enum" in part:
            choices = [(str(entry), named(str(entry))) for entry in part["enum"]]
            return replace(made, kind="select", options=_options(choices, required, made.value))
        if kind == "boolean":
            return replace(made, kind="checkbox", value="true" if value else "")
        if kind in ("integer", "number"):
            return replace(
                made,
                kind="number" if kind == "integer" else "decimal",
                minimum=str(part.get("minimum", "")),
                maximum=str(part.get("maximum", "")),
            )
        if part.get("format") == "date-time":
            return replace(made, kind="datetime", zone=self._setting.zone)
        if kind == "array":
            return replace(made, kind="words")
        if name in self._long or part.get("maxLength", 0) > _LONG_TEXT:
            return replace(made, kind="textarea")
        return made

    def _list(self, name: str, item: Mapping[str, Any]) -> FormField:
        rows = self._setting.rows.get(name) or [("", {}, {})] * _BLANK_ROWS
        made = tuple(self._row(f"{name}.{position}.", item, *row) for position, row in enumerate(rows))
        return FormField(FREE + name, _LABELS.get(name, named(name)), "rows", rows=made)

    def _row(
        self, place: str, item: Mapping[str, Any], label: str, fixed: Mapping[str, Any], values: Mapping[str, Any]
    ) -> FormRow:
        fields = []
        for name, schema in item.get("properties", {}).items():
            if name in fixed:
                fields.append(FormField(FIXED + place + name, name, "hidden", str(fixed[name])))
                continue
            # Nothing in a row is asked for by the browser: a row left empty is not sent.
            made = self._input(FREE + place + name, name, self._resolved(schema), False, values.get(name))
            most = values.get(f"{name}_at_most")
            fields.append(replace(made, maximum=str(most)) if most is not None else made)
        return FormRow(label, tuple(fields))

    def _resolved(self, schema: Mapping[str, Any]) -> Mapping[str, Any]:
        if "$ref" in schema:
            return self._resolved(self._definitions[schema["$ref"].rpartition("/")[2]])
        if "anyOf" in schema:
            parts = [self._resolved(part) for part in schema["anyOf"] if part.get("type") != "null"]
            return next((part for part in parts if part.get("type") == "number"), parts[0])
        return schema


def _options(choices: Sequence[tuple[str, str]], required: bool, value: str) -> tuple[tuple[str, str], ...]:
    known = [tuple(choice) for choice in choices]
    if value and value not in {name for name, _ in known}:
        known.insert(0, (value, named(value)))
    return tuple(known if required and value else [("", "–"), *known])  # type: ignore[arg-type]


def _shown(value: Any) -> str:
    if value is None:
        return ""
    return ", ".join(str(entry) for entry in value) if isinstance(value, list | tuple) else str(value)


def _filled(entry: FormField, typed: Mapping[str, str]) -> FormField:
    if entry.kind == "hidden":
        return entry
    if entry.kind == "rows":
        rows = tuple(FormRow(row.label, tuple(_filled(part, typed) for part in row.fields)) for row in entry.rows)
        return replace(entry, rows=rows)
    return replace(entry, value=typed.get(entry.name, ""))
