"""Routing rules are refused where they name what is not there, or where no ticket could ever reach them."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from domain.mistakes import Mistakes
from domain.routing import Conditions, ReferenceCondition, RoutingRule


def look_for_unusable(
    rules: Sequence[RoutingRule],
    queues: Collection[str],
    people: Collection[str],
    languages: Mapping[str, Collection[str]],
    tiers: Mapping[str, Collection[str]],
    mistakes: Mistakes,
) -> None:
    """`languages` and `tiers` are those of each store. Adds what is wrong with each rule to `mistakes`."""
    for position, rule in enumerate(rules):
        place, when = ("routing", position), ("routing", position, "when")
        if rule.name in {before.name for before in rules[:position]}:
            mistakes.add((*place, "name"), "two rules have this name. Give each its own.")
        mistakes.require((*place, "queue"), rule.queue, queues, "queue")
        if rule.owner is not None:
            mistakes.require((*place, "owner"), rule.owner, people, "person")
        mistakes.require_all((*when, "store"), rule.when.store, languages, "store")
        stores = [store for store in rule.when.store or languages if store in languages]
        mistakes.require_all((*when, "language"), rule.when.language, _all(languages, stores), "language")
        mistakes.require_all((*when, "tier"), rule.when.tier, _all(tiers, stores), "tier")
        if (hider := next((before for before in rules[:position] if hides(before.when, rule.when)), None)) is not None:
            mistakes.add(when, _hidden(hider))


def _hidden(hider: RoutingRule) -> str:
    if not hider.when.given():
        return f"“{hider.name}” stands before it and has no condition, so it takes every ticket. Move that rule to the end."
    return (
        f"can never be reached, since whatever fits it fits “{hider.name}” before it ({', '.join(hider.when.given())})."
        " Put this rule first, or narrow the other."
    )


def hides(before: Conditions, after: Conditions) -> bool:
    """Whether whatever fits `after` fits `before` too, as far as that can be told without trying."""
    wanted, given = before.given(), after.given()
    return all(_implied(name, values, given) for name, values in wanted.items())


def _implied(name: str, values: tuple[Any, ...], given: Mapping[str, tuple[Any, ...]]) -> bool:
    if name == "any_intent":
        return any(kind in given and set(given[kind]) <= set(values) for kind in ("intent", "any_intent"))
    if name not in given:
        return False
    if name == "references":
        return all(any(_fits_too(one, other) for other in values) for one in given[name])
    if name == "company":
        return {one.casefold() for one in given[name]} <= {one.casefold() for one in values}
    return set(given[name]) <= set(values)


def _fits_too(one: ReferenceCondition, other: ReferenceCondition) -> bool:
    return one.kind is other.kind and other.pattern in (None, one.pattern)


def _all(by_store: Mapping[str, Collection[str]], stores: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(value for store in stores for value in by_store[store]))
