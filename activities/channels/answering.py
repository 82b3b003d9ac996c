"""An answer goes back over the channel that the person wrote on, once; all others go by mail."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime, timedelta

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection
from temporalio import activity

from activities._kit.effects import LOOK_DELAYS, Declined, Done, Effect, EffectLedger
from activities._kit.errors import NeedsOperator, NotSupported, Rejected, Transient, Unclear
from activities.channels import answers
from activities.channels.adapters import Channels
from activities.channels.answers import Answer
from activities.channels.chat import ChatAdapter, find_mail_fallback
from activities.channels.limits import content_refusal, window_refusal
from activities.channels.port import ChannelAdapter, Outbound
from activities.mail.models import SEND_MAIL, OutgoingMail, SentMail
from activities.mail.outbound import decision_text, stored_letter, thread_of
from activities.mail.sending import shown_name
from activities.mail.templates import Templates, TextError
from domain.effects import EffectKind
from domain.messages import Channel, DeliveryState
from domain.playbook import Store
from playbook.running import RunningPlaybook
from storage.engine import Database
from storage.records import publish

SendByMail = Callable[[OutgoingMail], Awaitable[SentMail]]

_SIGNED = (Channel.MARKETPLACE,)
"""Where an answer is a letter and bears the store's signature, if it fits; in a chat or an SMS nobody signs."""

log = structlog.get_logger()


class Answering:
    """The activity that answers customers. `by_mail` sends what came by no channel, or by one that takes no answers."""

    def __init__(
        self,
        database: Database,
        playbook: RunningPlaybook,
        templates: Templates,
        channels: Channels,
        by_mail: SendByMail,
        look_delays: Sequence[timedelta] = LOOK_DELAYS,
    ) -> None:
        self._database, self._playbook, self._templates = database, playbook, templates
        self._channels, self._by_mail = channels, by_mail
        self._looking, self._blind = EffectLedger(database, look_delays), EffectLedger(database, look_delays[:1])

    @activity.defn(name=SEND_MAIL)
    async def send_mail(self, mail: OutgoingMail) -> SentMail:
        """Sends the answer, once, and publishes `mail.publication` in the transaction that marks it sent.

        Raises Rejected where the channel does not take it, in words for the agent, NeedsOperator where the account is not
        connected, Transient and Ambiguous to be called again, Unclear where a person must find out whether it went out.
        """
        answer = await self._written(mail)
        if answer is None:
            return await self._by_mail(mail)
        try:
            done = await self._once(answer, mail)
        except Transient:
            await self._mark(answer, DeliveryState.QUEUED)
            raise
        except (Rejected, NeedsOperator, NotSupported):
            await self._mark(answer, DeliveryState.FAILED)
            raise
        except Unclear:
            await self._mark(answer, DeliveryState.UNCLEAR)
            raise
        if done.skipped:
            await self._mark(answer, DeliveryState.FAILED)
        elif answer.provider == ChatAdapter.name:
            await self._mail_to_who_left(answer, mail)
        return SentMail(message_id=done.provider_id, skipped=done.skipped)

    async def _mail_to_who_left(self, answer: Answer, mail: OutgoingMail) -> None:
        """The same answer by mail, to a visitor who closed the page of the chat and gave an address."""
        async with self._database.begin() as connection:
            visitor = await find_mail_fallback(connection, answer.conversation)
        if visitor is None:
            return
        try:
            await self._by_mail(mail.model_copy(update={"op_key": f"{mail.op_key}-mail", "publication": None}))
        except (Rejected, NeedsOperator, Unclear) as error:
            # It stands in the chat; that nobody can be reached by mail as well takes nothing of that back.
            log.warning("An answer stands in the chat only.", op_key=mail.op_key, error=error.message)

    async def _once(self, answer: Answer, mail: OutgoingMail) -> Done:
        adapter = self._adapter(answer.provider, answer.account)
        outbound = await self._outbound(answer, mail)
        held: Done | None = None
        published = False

        async def perform() -> Done:
            nonlocal held
            async with self._database.begin() as connection:
                heard_at = await answers.heard_at(connection, answer)
            limits = adapter.limits
            words = content_refusal(limits, answer.text) or window_refusal(limits, heard_at, datetime.now(UTC))
            if words is not None:
                raise Rejected(words)
            await self._mark(answer, DeliveryState.SENDING)
            held = Done((await adapter.send(outbound)).external_id)
            return held

        async def find() -> Done | Declined | None:
            nonlocal held
            try:
                receipt = await adapter.find(outbound)
            except Rejected as error:
                return Declined(error.message)
            held = Done(receipt.external_id) if receipt is not None else None
            return held

        async def on_done(connection: AsyncConnection) -> None:
            nonlocal published
            await _sent(connection, answer, mail, held.provider_id if held is not None else None)
            published = True

        request = mail.model_dump(mode="json", exclude={"op_key", "case_id", "publication"})
        effect = Effect(mail.op_key, mail.case_id, EffectKind.MAIL, answer.provider, answer.account, request)
        can_be_asked = adapter.limits.can_be_asked
        ledger = self._looking if can_be_asked else self._blind
        done = await ledger.once(effect, perform, find, repeatable=can_be_asked, on_done=on_done)
        if not published and not done.skipped:
            # Done before this call: by an earlier attempt, or by a person, and then nothing has been published yet.
            async with self._database.begin() as connection:
                await _sent(connection, answer, mail, done.provider_id)
        return done

    async def _outbound(self, answer: Answer, mail: OutgoingMail) -> Outbound:
        async with self._database.begin() as connection:
            others = await answers.other_answers(connection, answer)
        return Outbound(
            op_key=mail.op_key,
            store=mail.store,
            account=answer.account,
            conversation=answer.conversation,
            recipient=answer.recipient,
            answers=answer.in_reply_to,
            text=answer.text,
            written_at=answer.at,
            others=others,
        )

    async def _written(self, mail: OutgoingMail) -> Answer | None:
        """The answer as the first attempt wrote it down; None where it goes by mail."""
        if mail.thread_id is None:
            return None
        answer = answers.answer_id(mail.case_id, mail.op_key)
        async with self._database.begin() as connection:
            stored = await answers.stored_answer(connection, answer)
            if stored is not None or await stored_letter(connection, mail.op_key) is not None:
                return stored
            heard = await answers.heard_last(connection, await thread_of(connection, mail.thread_id))
            if heard is None or heard.provider is None:
                return None
            adapter = self._adapter(heard.provider, heard.account)
            if not adapter.limits.text_length:
                return None
            words = await decision_text(connection, mail.decision_id) if mail.decision_id else None
            store = self._store(mail.store)
            text = self._text(mail, store, words, shown_name(heard.sender.get("name")), adapter)
            await answers.store_answer(
                connection,
                answer,
                heard,
                op_key=mail.op_key,
                text=text,
                sender=store.title,
                decision_id=mail.decision_id,
            )
            return await answers.stored_answer(connection, answer)

    def _text(self, mail: OutgoingMail, store: Store, words: str | None, name: str | None, adapter: ChannelAdapter) -> str:
        if mail.template is not None and mail.decision_id is None:
            facts = {"name": name, "store_title": store.title, **mail.facts}
            try:
                words = self._templates.render(mail.template, (mail.language, *store.languages[:1]), facts).body
            except TextError as error:
                raise NeedsOperator(str(error)) from error
        if words is None or not words.strip():
            raise Rejected("This reply has no text")
        signature = store.signature.get(mail.language) or store.signature.get(store.languages[0], "")
        signed = f"{words.strip()}\n\n{signature}"
        fits = adapter.channel in _SIGNED and signature and content_refusal(adapter.limits, signed) is None
        return signed if fits else words.strip()

    def _adapter(self, provider: str, account: str) -> ChannelAdapter:
        adapter = self._channels.get((provider, account))
        if adapter is None:
            raise NeedsOperator(f"the {provider} account {account!r} is not connected; add it to the accounts file")
        return adapter

    def _store(self, key: str) -> Store:
        store = self._playbook.now.stores.get(key)
        if store is None:
            raise NeedsOperator(f"store {key!r} is not in the playbook")
        return store

    async def _mark(self, answer: Answer, state: DeliveryState) -> None:
        async with self._database.begin() as connection:
            await answers.mark_answer(connection, answer.id, state)


async def _sent(connection: AsyncConnection, answer: Answer, mail: OutgoingMail, external_id: str | None) -> None:
    await answers.mark_answer(connection, answer.id, DeliveryState.SENT, external_id)
    if mail.publication is not None:
        await publish(connection, mail.publication)
