"""What a message says: its language, what it wants and what it names, without its words."""

import asyncio
from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

from activities.bigcommerce.models import Match
from activities.records.models import FoundReference, MessageFacts
from activities.understanding.models import Reading as Understood
from activities.understanding.reader import Reader
from domain.messages import MessageNature
from domain.references import MessagePart, NamedReference, Reference, read_references
from playbook.running import RunningPlaybook

Row = dict[str, Any]


class Reading:
    def __init__(self, playbook: RunningPlaybook, reader: Reader) -> None:
        self._playbook = playbook
        self._reader = reader

    async def understand(self, message: Row, history: Sequence[str] = ()) -> Understood:
        """Language and intents. `history` are the languages of the sender's earlier tickets, newest first."""
        languages = self._playbook.now.stores[message["store"]].languages
        return await asyncio.to_thread(self._reader.read, message["subject"], message["text"], languages, history)

    def references(self, message: Row) -> tuple[NamedReference, ...]:
        """What a message names, each once, the surest first."""
        full_text, text = message["full_text"] or "", message["text"]
        parts = {
            MessagePart.SUBJECT: message["subject"],
            MessagePart.TEXT: text,
            MessagePart.ATTACHMENT: "\n".join(message["filenames"]),
            MessagePart.QUOTED: full_text.replace(text, "", 1) if full_text != text else "",
        }
        named = [Reference.model_validate(each) for each in message["named"]]
        return read_references(parts, self._playbook.now.stores[message["store"]].references, named)

    async def facts(self, message: Row, understood: Understood | None = None) -> MessageFacts:
        """A row of `messages`, with the names of its files, as a ticket is told of it."""
        understood = understood or await self.understand(message)
        return MessageFacts(
            message_id=message["id"],
            received_at=message["at"],
            channel=message["channel"],
            provider=message["provider"],
            account=message["account"],
            nature=MessageNature(message["nature"]),
            references=found_references(self.references(message), (), message["id"]),
            intents=tuple(intent.value for intent in understood.intents),
            case_id=message["case_id"],
            origin_id=message["origin_id"],
        )


def found_references(named: Iterable[NamedReference], matches: Iterable[Match], message_id: UUID) -> tuple[FoundReference, ...]:
    """References with what the store said about them."""
    answers = {(match.kind, match.value): match for match in matches}
    return tuple(
        FoundReference(
            kind=each.kind,
            value=each.value,
            part=each.part,
            found=answer.words if answer else None,
            score=answer.score if answer else each.score,
            orders=answer.order_ids if answer else (),
            message_id=message_id,
        )
        for each in named
        for answer in (answers.get((each.kind, each.value)),)
    )
