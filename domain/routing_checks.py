"""Routing rules are refused where they name what is not there, or where no ticket could ever reach them."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from domain.routing import Conditions, ReferenceCondition, RoutingRule


def refuse_unusable(
    rules: Sequence[RoutingRule],
    queues: Collection[str],
    people: Collection[str],
    languages: Mapping[str, Collection[str]],
    tiers: Mapping[str, Collection[str]],
) -> None:
    """`languages` and `tiers` are those of each store. Raises ValueError for the first rule that is wrong, with its place."""
    names: set[str] = set()
    for position, rule in enumerate(rules):
        if rule.name in names:
            raise ValueError(f"{_place(rule, 'name')}: two rules have this name; give each its own")
        names.add(rule.name)
        _refuse_unknown(_place(rule, "queue"), (rule.queue,), queues)
        _refuse_unknown(_place(rule, "owner"), () if rule.owner is None else (rule.owner,), people)
        _refuse_unknown(_place(rule, "when.store"), rule.when.store, languages)
        stores = rule.when.store or tuple(languages)
        _refuse_unknown(_place(rule, "when.language"), rule.when.language, _all(languages, stores))
        _refuse_unknown(_place(rule, "when.tier"), rule.when.tier, _all(tiers, stores))
        if (hider := next((before for before in rules[:position] if hides(before.when, rule.when)), None)) is not None:
            raise ValueError(f"{_place(rule, 'when')}: {_hidden(hider)}")


def _hidden(hider: RoutingRule) -> str:
    if not hider.when.given():
        return f"“{hider.name}” stands before it and has no condition, so it takes every ticket; move that rule to the end"
    return (
        f"can never be reached, since whatever fits it fits “{hider.name}” before it ({', '.join(hider.when.given())});"
        " put this rule first, or narrow the other"
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


def _place(rule: RoutingRule, field: str) -> str:
    return f"routing.{rule.name}.{field}"


def _all(by_store: Mapping[str, Collection[str]], stores: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(value for store in stores for value in by_store[store]))


def _refuse_unknown(place: str, names: Iterable[str], known: Iterable[str]) -> None:
    known = tuple(known)
    for name in names:
        if name not in known:
            raise ValueError(f"{place}: {name!r} is not defined; there are {', '.join(known)}")
