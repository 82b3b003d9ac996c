"""Sends a mail once. What is known of it is in two rows: the mail itself in `messages`, the sending of it in `effects`."""

import logging
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection
from temporalio import activity

from activities._kit.effects import LOOK_DELAYS, Done, Effect, EffectLedger
from activities._kit.errors import NeedsOperator, Rejected, Transient, Unclear
from activities.mail import outbound
from activities.mail.composing import BadAddress, Letter, compose, message_id, reference_chain, reply_subject
from activities.mail.doors.amazon import is_relay_address, objections
from activities.mail.doors.portal import answer_address, portal_of
from activities.mail.models import TELL_STAFF, MailAttachment, OutgoingMail, SentMail, StaffNotice
from activities.mail.parsing import store_of
from activities.mail.relay import Relay, RelaySession
from activities.mail.templates import Templates, Text, TextError
from domain.automatic_mail import why_not
from domain.effects import EffectKind, EffectState
from domain.messages import DeliveryState
from domain.playbook import Store
from domain.safe_names import clean
from domain.threading import reply_address, reply_token
from playbook.running import RunningPlaybook
from storage import effects as effect_rows
from storage.automatic_mails import sent_lately
from storage.blobs import BlobMissing, Blobs
from storage.engine import Database
from storage.records import publish
from storage.secrets import secret
from storage.threads import REPLY_TOKEN

BuyerOf = Callable[[str, str], Awaitable[tuple[str, str]]]
"""E-mail and name of the buyer of an order, by store and order id."""

FindSent = Callable[[str], Awaitable[bool]]
"""Whether a mail with this Message-ID has gone out, as a Sent folder or the relay's log knows it."""

PROVIDER = "mail"
_NAME_LIMIT = 60

log = logging.getLogger(__name__)


class Mailer:
    """The activities that send mail.

    A lost answer to the content of a mail cannot be looked up over SMTP. With `find_sent` it is looked up there; without it
    the mail is Unclear at the next attempt, and a person decides.
    """

    def __init__(
        self,
        database: Database,
        blobs: Blobs,
        playbook: RunningPlaybook,
        relay: Relay | None,
        templates: Templates,
        buyer_of: BuyerOf,
        find_sent: FindSent | None = None,
        look_delays: Sequence[timedelta] | None = None,
    ) -> None:
        self._database, self._blobs, self._playbook = database, blobs, playbook
        self._relay, self._templates, self._buyer_of, self._find_sent = relay, templates, buyer_of, find_sent
        delays = look_delays or (LOOK_DELAYS if find_sent is not None else (timedelta(seconds=1),))
        self._ledger = EffectLedger(database, look_delays=delays)

    @activity.defn(name=TELL_STAFF)
    async def tell_staff(self, notice: StaffNotice) -> SentMail:
        """Sends a notice to a person of the playbook or to an address, once. It is no part of any thread.

        Raises Rejected for a person the playbook does not have, and what `send` raises.
        """
        name, address = self._who(notice.person)
        async with self._database.begin() as connection:
            head = await outbound.case_head(connection, notice.case_id)
        if head is None:
            raise Rejected(f"there is no case {notice.case_id}")
        store = self._store(head.store)
        facts = {"number": head.number, "title": head.title, "store_title": store.title, "name": name, **notice.facts}
        text = self._render(notice.template, (), facts)
        letter = Letter(
            message_id=message_id(notice.case_id, notice.op_key, store.address),
            sender_name=store.title,
            sender=store.address,
            recipient=address,
            subject=text.subject,
            text=text.body,
            at=datetime.now(UTC),
            automatic="auto-generated",
        )
        request = notice.model_dump(mode="json", exclude={"op_key", "case_id"})
        done = await self._once(letter, self._effect(notice.op_key, notice.case_id, head.store, request))
        return SentMail(message_id=letter.message_id, skipped=done.skipped)

    async def send(self, mail: OutgoingMail, attachments: Sequence[MailAttachment] = ()) -> SentMail:
        """Sends a mail to the customer, once, and publishes `mail.publication` in the transaction that marks it sent.

        Raises Rejected where there is nobody to write to or the relay refuses for good, NeedsOperator where the relay does not
        let us in or a text of the playbook is broken, Transient and Ambiguous to be called again, Unclear where a person must
        find out whether it went out.
        """
        files = await self._contents(attachments)
        request = mail.model_dump(mode="json", exclude={"op_key", "case_id", "publication"})
        effect = self._effect(mail.op_key, mail.case_id, mail.store, request)
        letter = await self._written(mail, effect, files)
        letter = replace(letter, attachments=files, reply_to=await self._reply_address(mail, letter))
        published = False

        async def on_done(connection: AsyncConnection) -> None:
            nonlocal published
            await self._sent(connection, mail)
            published = True

        try:
            done = await self._once(letter, effect, on_done)
        except Transient:
            await self._mark(mail.op_key, DeliveryState.QUEUED)
            raise
        except (Rejected, NeedsOperator):
            await self._mark(mail.op_key, DeliveryState.FAILED)
            raise
        except Unclear:
            await self._mark(mail.op_key, DeliveryState.UNCLEAR)
            raise
        if done.skipped:
            await self._mark(mail.op_key, DeliveryState.FAILED)
        elif not published:
            # Done before this call: by an earlier attempt, or by a person, and then nothing has been published yet.
            async with self._database.begin() as connection:
                await self._sent(connection, mail)
        return SentMail(message_id=letter.message_id, skipped=done.skipped)

    async def _once(
        self, letter: Letter, effect: Effect, on_done: Callable[[AsyncConnection], Awaitable[None]] | None = None
    ) -> Done:
        """All that can fail before the content is sent is tried before the ledger notes that something may have gone out."""
        content = _composed(letter)
        async with RelaySession(self._relay) as session:
            if await self._nothing_sent(effect.op_key):
                # A refusal is raised again within the ledger, which keeps its words.
                with suppress(Rejected, NeedsOperator):
                    await session.open(letter.sender, letter.recipient)

            async def perform() -> Done:
                await session.open(letter.sender, letter.recipient)
                await self._mark(effect.op_key, DeliveryState.SENDING)
                words = await session.send(content)
                return Done(letter.message_id, {"answer": words})

            async def find() -> Done | None:
                if self._find_sent is None or not await self._find_sent(letter.message_id):
                    return None
                return Done(letter.message_id, {"answer": "found among the sent mails"})

            return await self._ledger.once(effect, perform, find, repeatable=False, on_done=on_done)

    async def _nothing_sent(self, op_key: str) -> bool:
        async with self._database.begin() as connection:
            row = await effect_rows.lock(connection, op_key)
        return row is None or row.state in (EffectState.INTENDED, EffectState.REFUSED)

    async def _sent(self, connection: AsyncConnection, mail: OutgoingMail) -> None:
        await outbound.mark(connection, mail.op_key, DeliveryState.SENT)
        if mail.publication is not None:
            await publish(connection, mail.publication)

    async def _mark(self, op_key: str, state: DeliveryState) -> None:
        async with self._database.begin() as connection:
            await outbound.mark(connection, op_key, state)

    async def _written(self, mail: OutgoingMail, effect: Effect, files: Sequence[tuple[MailAttachment, bytes]]) -> Letter:
        """The mail as the first attempt wrote it down; later changes in the thread do not change it.

        One that the guard against loops holds back is written down too, its effect as skipped with the reason.
        """
        async with self._database.begin() as connection:
            stored = await outbound.stored_letter(connection, mail.op_key)
        if stored is not None:
            return stored[0]
        letter = await self._write(mail)
        _composed(letter)
        async with self._database.begin() as connection:
            held_back = await _held_back(connection, mail, letter)
            first = await outbound.store_letter(
                connection,
                letter,
                op_key=mail.op_key,
                case_id=await outbound.thread_of(connection, mail.thread_id or mail.case_id),
                store=mail.store,
                decision_id=mail.decision_id,
                files=[(file, len(content)) for file, content in files],
                state=DeliveryState.FAILED if held_back else DeliveryState.QUEUED,
            )
            if first and held_back:
                await effect_rows.write_intent(connection, **effect.row())
                await effect_rows.change(connection, mail.op_key, state=EffectState.SKIPPED.value, error=held_back)
            stored = await outbound.stored_letter(connection, mail.op_key)
        return letter if stored is None else stored[0]

    async def _write(self, mail: OutgoingMail) -> Letter:
        store = self._store(mail.store)
        async with self._database.begin() as connection:
            thread = await outbound.thread_of(connection, mail.thread_id) if mail.thread_id else None
            end = await outbound.thread_end(connection, thread) if thread else None
            head = await outbound.case_head(connection, thread) if thread else None
            named = await outbound.named_order(connection, thread) if thread else None
            words = await outbound.decision_text(connection, mail.decision_id) if mail.decision_id else None
        recipient, name = await self._recipient(mail, end, mail.order_id or named)
        subject, text = self._words(mail, store, words, name)
        if is_relay_address(recipient) and (wrong := objections(text)):
            raise Rejected(" ".join(wrong))
        if end is not None and head is not None:
            subject = reply_subject(end.subject or head.title, head.number)
        return Letter(
            message_id=message_id(mail.case_id, mail.op_key, store.address),
            sender_name=store.title,
            sender=store.address,
            recipient=recipient,
            subject=subject,
            text=text,
            at=datetime.now(UTC),
            automatic=None if mail.decision_id else "auto-replied",
            in_reply_to=end.message_id if end else None,
            references=reference_chain(end.references, end.message_id) if end else (),
        )

    async def _reply_address(self, mail: OutgoingMail, letter: Letter) -> str:
        """Where answers to this mail come to: the store's address with the token of the thread."""
        async with self._database.begin() as connection:
            thread = await outbound.thread_of(connection, mail.thread_id or mail.case_id)
            head = await outbound.case_head(connection, thread)
            key = await secret(connection, REPLY_TOKEN)
        if head is None:
            raise Rejected(f"there is no case {thread}")
        return reply_address(letter.sender, reply_token(head.number, key))

    async def _recipient(
        self, mail: OutgoingMail, end: outbound.ThreadEnd | None, order_id: str | None
    ) -> tuple[str, str | None]:
        """Address and name of who gets it. Never an address of our own: that would be a loop."""
        if end is not None and end.email:
            email, name = end.email, end.name
            portal = portal_of(email, self._playbook.now, end.words)
            if portal is not None:
                email = answer_address(portal)
        elif order_id is not None:
            email, name = await self._buyer_of(mail.store, order_id)
        else:
            raise Rejected("Nobody in this thread has a mail address; answer by the channel they wrote on")
        if not email:
            raise Rejected(f"The buyer of order {order_id} has no mail address; reach them another way")
        if store_of([email], self._playbook.now) is not None:
            raise Rejected(f"{email} is an address of our own; a mail to it would come straight back")
        return email, shown_name(name)

    def _who(self, person: str) -> tuple[str | None, str]:
        """Name and address of who is told. An address has no name: many may read there."""
        if "@" in person:
            return None, person
        known = next((known for known in self._playbook.now.people if known.name == person), None)
        if known is None:
            raise Rejected(f"{person!r} is not in the playbook's people")
        return known.name, known.email

    def _words(self, mail: OutgoingMail, store: Store, words: str | None, name: str | None) -> tuple[str, str]:
        """Subject and text, the store's signature below."""
        if mail.decision_id is not None:
            if words is None:
                raise Rejected("This reply has no text")
            subject, body, language = "", words.strip(), mail.language
        elif mail.template is not None:
            facts = {"name": name, "store_title": store.title, **mail.facts}
            subject, body, language = self._render(mail.template, (mail.language, *store.languages[:1]), facts)
        else:
            raise Rejected("A mail needs a decision or a text of the playbook")
        if mail.template is not None and language != mail.language:
            log.warning("text %s does not exist in %s; it went out in %s", mail.template, mail.language, language)
        signature = store.signature.get(language) or store.signature.get(store.languages[0], "")
        if signature and not body.endswith(signature.strip()):
            body = f"{body}\n\n{signature}"
        return subject or reply_subject(store.title, None), body

    def _render(self, template: str, languages: tuple[str, ...], facts: dict[str, Any]) -> Text:
        try:
            return self._templates.render(template, languages, facts)
        except TextError as error:
            raise NeedsOperator(str(error)) from error

    async def _contents(self, attachments: Sequence[MailAttachment]) -> tuple[tuple[MailAttachment, bytes], ...]:
        try:
            return tuple([(attachment, await self._blobs.get(attachment.blob)) for attachment in attachments])
        except BlobMissing as error:
            raise NeedsOperator(str(error)) from error

    def _store(self, key: str) -> Store:
        store = self._playbook.now.stores.get(key)
        if store is None:
            raise NeedsOperator(f"store {key!r} is not in the playbook")
        return store

    def _effect(self, op_key: str, case_id: UUID, store: str, request: dict[str, Any]) -> Effect:
        return Effect(op_key, case_id, EffectKind.MAIL, PROVIDER, store, request)


async def _held_back(connection: AsyncConnection, mail: OutgoingMail, letter: Letter) -> str | None:
    """Why the guard against loops lets this mail not go out. It looks at what a ticket sends by itself, since only that can
    be provoked by mail: what a return sends follows from what a person decided."""
    if mail.decision_id is not None or mail.thread_id != mail.case_id:
        return None
    return why_not(await sent_lately(connection, mail.case_id, letter.recipient, letter.at), letter.at)


def _composed(letter: Letter) -> bytes:
    try:
        return compose(letter)
    except BadAddress as error:
        raise Rejected(str(error)) from error


def shown_name(name: str | None) -> str | None:
    """A stranger's display name fit for a greeting: not one that carries an address or a link."""
    shown = clean(name or "")
    return shown if 0 < len(shown) <= _NAME_LIMIT and not any(mark in shown for mark in ("@", "://", "www.")) else None
