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
from playbook.errors import PlaybookError
from playbook.loader import DEFAULT_FOLDER, load


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
        ([GOOD | {"queue": "sails"}], "gold.queue: there is no queue 'sails'. Did you mean 'sales'?"),
        ([GOOD | {"owner": "Nobody"}], "gold.owner: there is no person 'Nobody'. There are Emma Clarke, "),
        (
            [GOOD | {"when": {"store": ["nowhere"]}}],
            "gold.when.store #1: there is no store 'nowhere'. There are casa-lumen, northwind-tools.",
        ),
        (
            [GOOD | {"when": {"tier": ["tin"]}}],
            "gold.when.tier #1: there is no tier 'tin'. There are gold, silver, standard.",
        ),
        (
            [GOOD | {"when": {"language": ["nl"]}}],
            "gold.when.language #1: there is no language 'nl'. There are de, en, es, fr, it, zh.",
        ),
        (
            [GOOD | {"when": {"store": ["casa-lumen"], "language": ["de"]}}],
            "gold.when.language #1: there is no language 'de'. There are en, es, fr, it.",
        ),
        ([GOOD, GOOD | {"when": {"intent": ["return"]}}], "gold.name: two rules have this name. Give each its own."),
        (
            [NO_CONDITION, GOOD],
            "gold.when: “all” stands before it and has no condition, so it takes every ticket. Move that",
        ),
        (
            [GOOD, GOOD | {"name": "more", "when": {"tier": ["gold"], "intent": ["quote"]}}],
            "more.when: can never be reached, since whatever fits it fits “gold” before it (tier). Put this rule first",
        ),
        ([GOOD | {"when": {"intent": ["quotes"]}}], "gold.when.intent #1: this cannot be 'quotes'. Did you mean 'quote'?"),
        (
            [GOOD | {"when": {"any_intent": ["quotes"]}}],
            "gold.when.any_intent #1: this cannot be 'quotes'. Did you mean",
        ),
        ([GOOD | {"when": {"channel": ["pigeon"]}}], "gold.when.channel #1: this cannot be 'pigeon'. There are chat, email, "),
        ([GOOD | {"when": {"references": ["colour"]}}], "gold.when.references #1.kind: this cannot be 'colour'. There are "),
        ([GOOD | {"when": {"words": [".*hold"]}}], "gold.when.words #1: '.*hold' repeats without an end: write a range"),
        ([GOOD | {"when": {"tier": []}}], "gold.when.tier: there must be at least 1 here."),
        ([{"name": "gold", "when": {}}], "gold.queue: this is missing. Add it."),
    ],
)
def test_a_bad_rule_is_refused_with_file_place_and_reason(rules: list[dict[str, Any]], said: str, tmp_path: Path) -> None:
    folder = folder_with(tmp_path, "routing.yaml", rules)
    with pytest.raises(PlaybookError, match=rf"^routing\.yaml:\d+: {re.escape(said)}"):
        load(folder)


def test_a_rule_without_conditions_may_come_last(tmp_path: Path) -> None:
    assert load(folder_with(tmp_path, "routing.yaml", [GOOD, NO_CONDITION])).routing[-1].queue == "triage"


def test_no_rules_at_all_are_rules(tmp_path: Path) -> None:
    assert load(folder_with(tmp_path, "routing.yaml", [])).routing == ()


def test_a_playbook_needs_its_rules(tmp_path: Path) -> None:
    folder = folder_with(tmp_path, "routing.yaml", [])
    (folder / "routing.yaml").unlink()
    with pytest.raises(PlaybookError, match=r"routing\.yaml: there is no such file"):
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
    with pytest.raises(PlaybookError, match=rf"stores\.yaml:\d+: casa-lumen\.{kind}\.601: there is no tier 'tin'"):
        load(folder_with(tmp_path, "stores.yaml", stores))


def test_the_tier_of_a_company_beats_that_of_its_group(playbook: Playbook) -> None:
    store = playbook.stores["northwind-tools"]
    assert (store.tier_of("503", "11"), store.tier_of("502", "11"), store.tier_of("502", None)) == ("silver", "standard", None)
