"""What every case does with its records."""

from temporalio import activity

from activities.records.models import DECIDE_EFFECT, PUBLISH, READ_CASE, CaseRecord, CaseReference, EffectDecision
from domain.case import Publication
from playbook.running import RunningPlaybook
from storage import cases, records
from storage.engine import Database


class CaseFile:
    def __init__(self, database: Database, playbook: RunningPlaybook) -> None:
        self._database = database
        self._playbook = playbook

    @activity.defn(name=PUBLISH)
    async def publish(self, publication: Publication) -> None:
        """Makes a case's state, timeline and outcomes visible. Repeating it changes nothing."""
        async with self._database.begin() as connection:
            await records.publish(connection, publication)

    @activity.defn(name=READ_CASE)
    async def read_case(self, reference: CaseReference) -> CaseRecord:
        """What any process begins with."""
        async with self._database.begin() as connection:
            row = await cases.read_birth(connection, reference.case_id)
        return CaseRecord(
            start=row["start"] or {},
            stored=row["state"],
            playbook_version=row["playbook_version"] or self._playbook.now.version,
        )

    @activity.defn(name=DECIDE_EFFECT)
    async def decide_effect(self, decision: EffectDecision) -> None:
        """Notes what a person decided about a stuck effect. Repeating it changes nothing."""
        async with self._database.begin() as connection:
            await cases.decide_effect(connection, decision.op_key, decision.state, decision.provider_id)
