"""Who takes a ticket: rules as data, read from the top; the first whose conditions all hold wins (D)."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, TypeVar

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from domain.messages import Channel
from domain.reference_kinds import ReferenceKind
from domain.reference_shapes import checked_pattern
from domain.references import Reference
from domain.triage import READ_CHARACTERS, Intent

_MOST_WAYS = 1_000
"""A pattern is tried at every character of a text; this bounds what one try can cost."""

Item = TypeVar("Item")
AnyOf = Annotated[tuple[Item, ...], Field(min_length=1)]
"""One of these must hold. A condition that is not meant is left out, so that an empty list is a mistake."""


def _rule_pattern(pattern: str) -> str:
    return checked_pattern(pattern, _MOST_WAYS)


RulePattern = Annotated[str, AfterValidator(_rule_pattern)]
"""A regular expression that is looked for, letter case ignored; `^` and `$` mean a line. A range such as `{0,9}` takes the
place of `+` and `*`."""


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


def _kind_alone(value: object) -> object:
    return {"kind": value} if isinstance(value, str) else value


class ReferenceCondition(_Model):
    """The message names a reference of this kind; with `pattern`, one whose value has it. `serial` alone may be written for
    `{kind: serial}`."""

    kind: ReferenceKind
    pattern: RulePattern | None = None

    @property
    def words(self) -> str:
        """`serial`, `invoice with “^INV”`."""
        kind = self.kind.value.replace("_", " ")
        return kind if self.pattern is None else f"{kind} with “{self.pattern}”"

    def fits(self, reference: Reference) -> bool:
        """Whether this reference is such a one."""
        if reference.kind is not self.kind:
            return False
        return self.pattern is None or _has(self.pattern, reference.value)


class Conditions(_Model):
    """What must hold for a rule to take a ticket: all that are given, each by any of its values.

    `intent` is the main intent, `any_intent` any intent of the message. `company` is the store's own id of the company or its
    name; ids of two stores may be the same, so a rule with an id names its store too. `words` are looked for in subject and
    text.
    """

    store: AnyOf[str] = ()
    channel: AnyOf[Channel] = ()
    language: AnyOf[str] = ()
    intent: AnyOf[Intent] = ()
    any_intent: AnyOf[Intent] = ()
    tier: AnyOf[str] = ()
    company: AnyOf[str] = ()
    references: AnyOf[Annotated[ReferenceCondition, BeforeValidator(_kind_alone)]] = ()
    words: AnyOf[RulePattern] = ()

    def given(self) -> dict[str, tuple[Any, ...]]:
        """The conditions that are set, by their names."""
        return {name: values for name in type(self).model_fields if (values := getattr(self, name))}


class RoutingRule(_Model):
    """Gives what fits its conditions to a queue, and there to `owner` or else to the queue's own. `tags` are put on the
    ticket."""

    name: str = Field(min_length=1)
    when: Conditions = Conditions()
    queue: str
    owner: str | None = None
    tags: tuple[str, ...] = ()


@dataclass(frozen=True)
class RoutingFacts:
    """What rules are asked about. `intents` has the main one first; `text` is subject and text, of which the beginning is
    read. What is None is not known, and fits no condition."""

    store: str
    channel: str | None = None
    language: str | None = None
    intents: tuple[str, ...] = ()
    tier: str | None = None
    company: str | None = None
    company_id: str | None = None
    references: tuple[Reference, ...] = ()
    text: str = ""


class Routed(_Model):
    """Where a ticket goes, by which rule, and why in words. `owner` None is the queue's own."""

    queue: str
    owner: str | None = None
    tags: tuple[str, ...] = ()
    rule: str | None = None
    reason: str


class Tried(_Model):
    """A rule that was tried. `why` says what fits, or the first condition that does not."""

    rule: str
    matched: bool
    why: str


def route(rules: Sequence[RoutingRule], facts: RoutingFacts, default_queue: str) -> Routed:
    """Where the first rule that fits sends a ticket; the default queue where none does."""
    attempts = tried(rules, facts)
    if not attempts or not attempts[-1].matched:
        return Routed(queue=default_queue, reason="No rule fits: the default queue.")
    rule, why = rules[len(attempts) - 1], attempts[-1].why
    return Routed(queue=rule.queue, owner=rule.owner, tags=rule.tags, rule=rule.name, reason=f"Rule “{rule.name}”: {why}.")


def tried(rules: Sequence[RoutingRule], facts: RoutingFacts) -> tuple[Tried, ...]:
    """The rules that were tried, the last of them the one that fits, if one does."""
    attempts: list[Tried] = []
    for rule in rules:
        attempts.append(_try(rule, facts))
        if attempts[-1].matched:
            break
    return tuple(attempts)


def _try(rule: RoutingRule, facts: RoutingFacts) -> Tried:
    met: list[str] = []
    for holds, words in _judged(rule.when, facts):
        if not holds:
            return Tried(rule=rule.name, matched=False, why=words)
        met.append(words)
    return Tried(rule=rule.name, matched=True, why=", ".join(met) or "it has no condition")


_Judged = tuple[bool, str]


def _judged(when: Conditions, facts: RoutingFacts) -> Iterator[_Judged]:
    """Each condition that is set: whether it holds, and that in words. The dearest come last."""
    main_intent = facts.intents[0] if facts.intents else None
    for name, wanted, known in (
        ("store", when.store, facts.store),
        ("channel", when.channel, facts.channel),
        ("language", when.language, facts.language),
        ("intent", when.intent, main_intent),
        ("tier", when.tier, facts.tier),
    ):
        if wanted:
            yield _one_of(name, wanted, known)
    if when.any_intent:
        yield _any_intent(when.any_intent, facts.intents)
    if when.company:
        yield _company(when.company, facts)
    if when.references:
        yield _reference(when.references, facts.references)
    if when.words:
        yield _words(when.words, facts.text)


def _one_of(name: str, wanted: Sequence[str], known: str | None) -> _Judged:
    if known in wanted:
        return True, f"{name} {known}"
    return False, f"the {name} is {known or 'not known'}, not {_or(wanted)}"


def _any_intent(wanted: Sequence[str], intents: Sequence[str]) -> _Judged:
    found = next((intent for intent in intents if intent in wanted), None)
    return (False, f"no intent is {_or(wanted)}") if found is None else (True, f"one intent is {found}")


def _company(wanted: Sequence[str], facts: RoutingFacts) -> _Judged:
    known = {name.casefold() for name in (facts.company, facts.company_id) if name}
    if known.isdisjoint(name.casefold() for name in wanted):
        return False, f"the company is {facts.company or facts.company_id or 'not known'}, not {_or(wanted)}"
    return True, f"company {facts.company or facts.company_id}"


def _reference(wanted: Sequence[ReferenceCondition], references: Sequence[Reference]) -> _Judged:
    for one in wanted:
        if any(one.fits(reference) for reference in references):
            return True, f"it names a reference of kind {one.words}"
    return False, f"it names no reference of kind {_or([one.words for one in wanted])}"


def _words(wanted: Sequence[str], text: str) -> _Judged:
    """Says which pattern was found and not what it found: words of customers do not enter histories."""
    read = text[:READ_CHARACTERS]
    found = next((pattern for pattern in wanted if _has(pattern, read)), None)
    return (False, f"nothing in it fits {_or(wanted, '“{}”')}") if found is None else (True, f"it has words like “{found}”")


def _has(pattern: str, text: str) -> bool:
    return re.search(pattern, text, re.IGNORECASE | re.MULTILINE) is not None


def _or(values: Sequence[str], form: str = "{}") -> str:
    """`gold or silver`."""
    return " or ".join(form.format(value) for value in values)
