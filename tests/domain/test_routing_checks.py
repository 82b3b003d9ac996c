"""Rules that cannot work are refused when the playbook is read: what is wrong, where, and how to mend it."""

import re
import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml

from domain.playbook import Playbook
from domain.routing import Conditions
from domain.routing_checks import hides
from playbook.loader import DEFAULT_FOLDER, PlaybookError, load


def folder_with(folder: Path, file: str, content: Any) -> Path:
    """A copy of the playbook with one file replaced."""
    copy = folder / "playbook"
    shutil.copytree(DEFAULT_FOLDER, copy, ignore=shutil.ignore_patterns("*.py", "intents", "__pycache__"))
    (copy / file).write_text(yaml.safe_dump(content))
    return copy


GOOD = {"name": "gold", "when": {"tier": ["gold"]}, "queue": "sales"}
NO_CONDITION = {"name": "all", "queue": "triage"}


@pytest.mark.parametrize(
    ("rules", "said"),
    [
        ([GOOD | {"queue": "sails"}], "routing.gold.queue: 'sails' is not defined; there are delivery, returns, "),
        ([GOOD | {"owner": "Nobody"}], "routing.gold.owner: 'Nobody' is not defined; there are Jonas Weber, "),
        (
            [GOOD | {"when": {"store": ["nowhere"]}}],
            "routing.gold.when.store: 'nowhere' is not defined; there are northwind-tools",
        ),
        (
            [GOOD | {"when": {"tier": ["tin"]}}],
            "routing.gold.when.tier: 'tin' is not defined; there are gold, silver, standard",
        ),
        (
            [GOOD | {"when": {"language": ["nl"]}}],
            "routing.gold.when.language: 'nl' is not defined; there are en, de, zh, it, ",
        ),
        (
            [GOOD | {"when": {"store": ["casa-lumen"], "language": ["de"]}}],
            "routing.gold.when.language: 'de' is not defined; there are it, fr, es, en",
        ),
        ([GOOD, GOOD | {"when": {"intent": ["return"]}}], "routing.gold.name: two rules have this name; give each its own"),
        (
            [NO_CONDITION, GOOD],
            "routing.gold.when: “all” stands before it and has no condition, so it takes every ticket; move that",
        ),
        (
            [GOOD, GOOD | {"name": "more", "when": {"tier": ["gold"], "intent": ["quote"]}}],
            "routing.more.when: can never be reached, since whatever fits it fits “gold” before it (tier); put this rule first",
        ),
        ([GOOD | {"when": {"intent": ["quotes"]}}], "routing.gold.when.intent.0: Input should be 'wismo', 'return', "),
        ([GOOD | {"when": {"any_intent": ["quotes"]}}], "; it says 'quotes'"),
        ([GOOD | {"when": {"channel": ["pigeon"]}}], "routing.gold.when.channel.0: Input should be 'email', 'chat', "),
        ([GOOD | {"when": {"references": ["colour"]}}], "routing.gold.when.references.0.kind: Input should be 'order', "),
        ([GOOD | {"when": {"words": [".*hold"]}}], "routing.gold.when.words.0: '.*hold' repeats without an end: write a range"),
        ([GOOD | {"when": {"tier": []}}], "routing.gold.when.tier: Tuple should have at least 1 item"),
        ([{"name": "gold", "when": {}}], "routing.gold.queue: Field required"),
    ],
)
def test_a_bad_rule_is_refused_with_file_place_and_reason(rules: list[dict[str, Any]], said: str, tmp_path: Path) -> None:
    folder = folder_with(tmp_path, "routing.yaml", rules)
    with pytest.raises(PlaybookError, match=rf"routing\.yaml: .*{re.escape(said)}"):
        load(folder)


def test_a_rule_without_conditions_may_come_last(tmp_path: Path) -> None:
    assert load(folder_with(tmp_path, "routing.yaml", [GOOD, NO_CONDITION])).routing[-1].queue == "triage"


def test_no_rules_at_all_are_rules(tmp_path: Path) -> None:
    assert load(folder_with(tmp_path, "routing.yaml", [])).routing == ()


def test_a_playbook_needs_its_rules(tmp_path: Path) -> None:
    folder = folder_with(tmp_path, "routing.yaml", [])
    (folder / "routing.yaml").unlink()
    with pytest.raises(PlaybookError, match=r"routing\.yaml: no such file"):
        load(folder)


@pytest.mark.parametrize(
    ("before", "after", "hidden"),
    [
        ({"intent": ["quote", "wismo"]}, {"intent": ["quote"]}, True),
        ({"intent": ["quote"]}, {"intent": ["quote", "wismo"]}, False),
        ({"any_intent": ["quote"]}, {"intent": ["quote"]}, True),
        ({"intent": ["quote"]}, {"any_intent": ["quote"]}, False),
        ({"company": ["VOGEL"]}, {"company": ["Vogel"], "tier": ["gold"]}, True),
        ({"references": ["serial"]}, {"references": [{"kind": "serial", "pattern": "^LAS"}]}, True),
        ({"references": [{"kind": "serial", "pattern": "^LAS"}]}, {"references": ["serial"]}, False),
        ({"words": ["hold"]}, {"words": ["hold", "dunning"]}, False),
        ({"words": ["hold", "dunning"]}, {"words": ["hold"]}, True),
        ({"store": ["a"], "tier": ["gold"]}, {"tier": ["gold"]}, False),
    ],
)
def test_a_rule_hides_what_is_narrower(before: dict[str, Any], after: dict[str, Any], hidden: bool) -> None:
    assert hides(Conditions.model_validate(before), Conditions.model_validate(after)) is hidden


@pytest.mark.parametrize("kind", ["tiers", "company_tiers"])
def test_a_tier_without_targets_is_refused(kind: str, tmp_path: Path) -> None:
    stores = yaml.safe_load((DEFAULT_FOLDER / "stores.yaml").read_text(encoding="utf-8"))
    stores["casa-lumen"][kind] = {"601": "tin"}
    with pytest.raises(PlaybookError, match=rf"stores\.yaml: stores\.casa-lumen\.{kind}\.601: 'tin' is not defined"):
        load(folder_with(tmp_path, "stores.yaml", stores))


def test_the_tier_of_a_company_beats_that_of_its_group(playbook: Playbook) -> None:
    store = playbook.stores["northwind-tools"]
    assert (store.tier_of("503", "11"), store.tier_of("502", "11"), store.tier_of("502", None)) == ("silver", "standard", None)
