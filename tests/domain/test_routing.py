"""Routing rules: the first that fits wins, and says why; the others say why not."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from domain.messages import Channel
from domain.reference_kinds import ReferenceKind
from domain.references import Reference
from domain.routing import Conditions, ReferenceCondition, Routed, RoutingFacts, RoutingRule, Tried, route, tried
from domain.routing_checks import hides
from domain.triage import READ_CHARACTERS, Intent

SERIAL = Reference(kind=ReferenceKind.SERIAL, value="LAS360-2204-00871")
FACTS = RoutingFacts(
    store="northwind-tools",
    channel="email",
    language="de",
    intents=("quote", "damaged"),
    tier="gold",
    company="Schreinerei Vogel GmbH",
    company_id="502",
    references=(SERIAL,),
    text="Zweite Mahnung\nBitte um ein Angebot.",
)


def rule(name: str = "one", when: dict[str, Any] | None = None) -> RoutingRule:
    return RoutingRule.model_validate({"name": name, "queue": "sales", "when": when or {}})


@pytest.mark.parametrize(
    ("when", "holds", "why"),
    [
        ({"store": ["casa-lumen", "northwind-tools"]}, True, "store northwind-tools"),
        ({"store": ["casa-lumen"]}, False, "the store is northwind-tools, not casa-lumen"),
        ({"channel": ["email"]}, True, "channel email"),
        ({"channel": ["chat", "sms"]}, False, "the channel is email, not chat or sms"),
        ({"language": ["de"]}, True, "language de"),
        ({"language": ["en"]}, False, "the language is de, not en"),
        ({"intent": ["quote"]}, True, "intent quote"),
        ({"intent": ["damaged"]}, False, "the intent is quote, not damaged"),
        ({"any_intent": ["return", "damaged"]}, True, "one intent is damaged"),
        ({"any_intent": ["return", "wismo"]}, False, "no intent is return or wismo"),
        ({"tier": ["gold"]}, True, "tier gold"),
        ({"tier": ["silver"]}, False, "the tier is gold, not silver"),
        ({"company": ["502"]}, True, "company Schreinerei Vogel GmbH"),
        ({"company": ["SCHREINEREI Vogel gmbh"]}, True, "company Schreinerei Vogel GmbH"),
        ({"company": ["50", "Vogel"]}, False, "the company is Schreinerei Vogel GmbH, not 50 or Vogel"),
        ({"references": ["serial"]}, True, "it names a reference of kind serial"),
        (
            {"references": ["rma", {"kind": "serial", "pattern": "^las"}]},
            True,
            "it names a reference of kind serial with “^las”",
        ),
        (
            {"references": ["invoice", {"kind": "serial", "pattern": "^SAW"}]},
            False,
            "it names no reference of kind invoice or serial with “^SAW”",
        ),
        ({"words": ["credit hold", r"\bMAHNUNG$"]}, True, r"it has words like “\bMAHNUNG$”"),
        ({"words": ["credit hold", "sperre"]}, False, "nothing in it fits “credit hold” or “sperre”"),
        ({"tier": ["gold"], "intent": ["quote"]}, True, "intent quote, tier gold"),
        ({"tier": ["gold"], "intent": ["wismo"]}, False, "the intent is quote, not wismo"),
        ({}, True, "it has no condition"),
    ],
)
def test_a_condition_holds_or_says_why_not(when: dict[str, Any], holds: bool, why: str) -> None:
    assert tried((rule(when=when),), FACTS) == (Tried(rule="one", matched=holds, why=why),)


@pytest.mark.parametrize("name", ["channel", "language", "intent", "any_intent", "tier", "company", "references", "words"])
def test_what_is_not_known_fits_nothing(name: str) -> None:
    when = {
        "channel": ["email"],
        "language": ["de"],
        "intent": ["quote"],
        "any_intent": ["quote"],
        "tier": ["gold"],
        "company": ["502"],
        "references": ["serial"],
        "words": ["Angebot"],
    }
    (attempt,) = tried((rule(when={name: when[name]}),), RoutingFacts(store="northwind-tools"))
    assert not attempt.matched
    assert "None" not in attempt.why


def test_the_winner_gives_queue_owner_and_tags_and_says_why() -> None:
    gold = RoutingRule(name="gold", when=Conditions(tier=("gold",)), queue="sales", owner="Emma Clarke", tags=("vip",))
    rules = (rule("returns", {"intent": ["return"]}), gold, rule("rest"))
    assert route(rules, FACTS, "triage") == Routed(
        queue="sales", owner="Emma Clarke", tags=("vip",), rule="gold", reason="Rule “gold”: tier gold."
    )
    assert [attempt.rule for attempt in tried(rules, FACTS)] == ["returns", "gold"]


def test_no_rule_fits() -> None:
    assert route((), FACTS, "triage") == Routed(queue="triage", reason="No rule fits: the default queue.")
    assert route((rule(when={"tier": ["silver"]}),), FACTS, "triage").rule is None


def test_words_of_the_customer_are_in_no_reason() -> None:
    routed = route((rule(when={"words": ["ma.nung"]}),), FACTS, "triage")
    assert "mahnung" not in routed.reason.lower()


def test_only_the_beginning_of_a_text_is_read() -> None:
    text = "x" * (READ_CHARACTERS - 7) + "Mahnung"
    rules = (rule(when={"words": ["mahnung"]}),)
    assert route(rules, RoutingFacts(store="s", text=text), "triage").rule == "one"
    assert route(rules, RoutingFacts(store="s", text=f"x{text}"), "triage").rule is None


@pytest.mark.parametrize("pattern", ["(a+)+b", ".*hold", "a{0,60}a{0,60}b", "x?", "(", r"(a)\1"])
def test_a_pattern_that_could_stall_is_refused(pattern: str) -> None:
    for when in ({"words": [pattern]}, {"references": [{"kind": "serial", "pattern": pattern}]}):
        with pytest.raises(ValidationError):
            Conditions.model_validate(when)


@pytest.mark.parametrize("when", [{"intent": []}, {"colour": ["red"]}, {"intent": ["colour"]}, {"references": ["colour"]}])
def test_what_is_no_condition_is_refused(when: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Conditions.model_validate(when)


# What holds for all rules and all facts

STORES, TIERS, LANGUAGES, COMPANIES = ("north", "south"), ("gold", "silver"), ("de", "en"), ("501", "Brandt", "Vogel")
WORDS = ("hold", "quote", "saw")
VALUES = ("LAS-1", "SAW-2")


def _some(values: Any, least: int = 0) -> st.SearchStrategy[tuple[Any, ...]]:
    return st.lists(st.sampled_from(list(values)), min_size=least, max_size=2, unique=True).map(tuple)


def _any_of(values: Any) -> st.SearchStrategy[tuple[Any, ...]]:
    return _some(values, least=1)


REFERENCES = [
    ReferenceCondition(kind=kind, pattern=pattern)
    for kind in (ReferenceKind.SERIAL, ReferenceKind.RMA)
    for pattern in (None, "^LAS", "^SAW")
]
CONDITIONS = {
    "store": _any_of(STORES),
    "channel": _any_of(Channel),
    "language": _any_of(LANGUAGES),
    "intent": _any_of(list(Intent)[:3]),
    "any_intent": _any_of(list(Intent)[:3]),
    "tier": _any_of(TIERS),
    "company": _any_of(COMPANIES),
    "references": _any_of(REFERENCES),
    "words": _any_of(WORDS),
}
SOME_CONDITIONS = st.sets(st.sampled_from(sorted(CONDITIONS)), max_size=3).flatmap(
    lambda names: st.fixed_dictionaries({name: CONDITIONS[name] for name in sorted(names)})
)
WHEN = SOME_CONDITIONS.map(Conditions.model_validate)
RULES = st.lists(WHEN, max_size=6).map(
    lambda conditions: tuple(
        RoutingRule(name=f"rule {place}", when=when, queue=f"queue {place}", tags=(f"tag {place}",))
        for place, when in enumerate(conditions)
    )
)
ANY_FACTS = st.builds(
    RoutingFacts,
    store=st.sampled_from(STORES),
    channel=st.none() | st.sampled_from(list(Channel)),
    language=st.none() | st.sampled_from(LANGUAGES),
    intents=_some(list(Intent)[:3]),
    tier=st.none() | st.sampled_from(TIERS),
    company=st.none() | st.sampled_from(("Brandt", "VOGEL")),
    company_id=st.none() | st.sampled_from(("501", "502")),
    references=_some([Reference(kind=one.kind, value=value) for one in REFERENCES for value in VALUES]),
    text=st.lists(st.sampled_from(WORDS), max_size=2).map(" ".join),
)


def fits(when: Conditions, facts: RoutingFacts) -> bool:
    """The same, said in the plainest way."""
    companies = [name.lower() for name in (facts.company, facts.company_id) if name]
    return all(
        (
            not when.store or facts.store in when.store,
            not when.channel or facts.channel in when.channel,
            not when.language or facts.language in when.language,
            not when.intent or set(facts.intents[:1]) & set(when.intent),
            not when.any_intent or set(facts.intents) & set(when.any_intent),
            not when.tier or facts.tier in when.tier,
            not when.company or any(name.lower() in companies for name in when.company),
            not when.references
            or any(
                one.kind is named.kind and (one.pattern is None or named.value.startswith(one.pattern[1:]))
                for one in when.references
                for named in facts.references
            ),
            not when.words or any(word in facts.text for word in when.words),
        )
    )


@given(RULES, ANY_FACTS)
def test_the_first_rule_that_fits_wins_and_the_dry_run_agrees(rules: tuple[RoutingRule, ...], facts: RoutingFacts) -> None:
    fitting = [rule for rule in rules if fits(rule.when, facts)]
    routed, attempts = route(rules, facts, "triage"), tried(rules, facts)
    if not fitting:
        assert (routed.queue, routed.rule, routed.tags) == ("triage", None, ())
        assert [attempt.matched for attempt in attempts] == [False] * len(rules)
        return
    winner = fitting[0]
    assert (routed.queue, routed.rule, routed.tags) == (winner.queue, winner.name, winner.tags)
    assert [attempt.rule for attempt in attempts] == [rule.name for rule in rules[: rules.index(winner) + 1]]
    assert [attempt.matched for attempt in attempts] == [False] * (len(attempts) - 1) + [True]
    assert all(attempt.why for attempt in attempts)


@given(WHEN, SOME_CONDITIONS, ANY_FACTS)
def test_a_condition_more_never_fits_more(when: Conditions, more: dict[str, Any], facts: RoutingFacts) -> None:
    free = {name: values for name, values in more.items() if not getattr(when, name)}
    narrower = when.model_copy(update=free)
    assert not matched(narrower, facts) or matched(when, facts)


@given(WHEN, WHEN, ANY_FACTS)
def test_what_is_said_to_be_hidden_is(before: Conditions, after: Conditions, facts: RoutingFacts) -> None:
    if hides(before, after):
        assert not matched(after, facts) or matched(before, facts)


def matched(when: Conditions, facts: RoutingFacts) -> bool:
    return tried((RoutingRule(name="one", when=when, queue="sales"),), facts)[0].matched
