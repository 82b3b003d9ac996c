"""What a message says: its language, what it wants and what it names, without its words."""

from typing import Any

from activities.records.models import FoundReference, MessageFacts
from domain.messages import MessageNature
from domain.playbook import Playbook
from domain.references import Reference
from domain.triage import Triage, triage


class Reading:
    def __init__(self, playbook: Playbook) -> None:
        self._playbook = playbook

    def triage(self, message: dict[str, Any]) -> Triage:
        return triage(message["subject"], message["text"], self._playbook.stores[message["store"]].languages)

    async def facts(self, message: dict[str, Any]) -> MessageFacts:
        """A row of `messages` as a ticket is told of it."""
        read = self.triage(message)
        named = [Reference.model_validate(each) for each in message["named"]]
        return MessageFacts(
            message_id=message["id"],
            received_at=message["at"],
            nature=MessageNature(message["nature"]),
            references=tuple(
                FoundReference(kind=each.kind, value=each.value, message_id=message["id"])
                for each in (*named, *read.references)
            ),
            intents=tuple(intent.value for intent in read.intents),
            case_id=message["case_id"],
            origin_id=message["origin_id"],
        )
