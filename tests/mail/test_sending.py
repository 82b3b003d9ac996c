"""Each mail goes out once, whatever happens on the way."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest
import sqlalchemy as sql

from activities._kit.errors import Ambiguous, NeedsOperator, Rejected, Transient, Unclear
from activities.mail import sending
from activities.mail.relay import Relay
from domain.messages import Sender, ThreadHeaders
from storage.tables import cases, effects, timeline
from tests.mail.post_office import World


async def test_sent_and_published_are_one_transaction(world: World) -> None:
    await world.mailer.send(await world.decide())
    (case,) = await world.rows(cases)
    (effect,) = await world.rows(effects)
    assert (case.status, case.revision, effect.state) == ("waiting", 3, "done")
    assert len(await world.rows(timeline)) == 1


async def test_sending_again_is_the_same_mail(world: World) -> None:
    mail = await world.decide()
    first = await world.mailer.send(mail)
    await world.hear("m2", sender=Sender(email="other@acme.example"), thread=ThreadHeaders(in_reply_to="<m1@acme.example>"))
    assert await world.make().send(mail) == first
    assert len(world.sink.mails) == len(await world.ours()) == 1


async def test_two_attempts_at_once_send_one_mail(world: World) -> None:
    mail = await world.decide()
    results = await asyncio.gather(*(world.make().send(mail) for _ in range(4)), return_exceptions=True)
    assert all(not isinstance(result, BaseException) or isinstance(result, Ambiguous) for result in results)
    assert len(world.sink.mails) == len(await world.ours()) == 1


@pytest.mark.parametrize("command", ["MAIL", "RCPT", "DATA"])
async def test_4xx_is_transient_and_the_next_attempt_sends(world: World, command: str) -> None:
    mail = await world.decide()
    world.sink.answers[command] = ["451 4.7.1 Greylisted, come back"]
    with pytest.raises(Transient, match="Greylisted, come back"):
        await world.mailer.send(mail)
    assert (await world.ours())[0].delivery == "queued"
    assert all(row.state == "intended" for row in await world.rows(effects))
    await world.mailer.send(mail)
    assert len(world.sink.mails) == 1


@pytest.mark.parametrize("command", ["MAIL", "RCPT", "DATA"])
async def test_5xx_is_rejected_with_the_servers_words(world: World, command: str) -> None:
    mail = await world.decide()
    world.sink.answers[command] = ["550 5.1.1 No such user"]
    with pytest.raises(Rejected, match="No such user"):
        await world.mailer.send(mail)
    (effect,) = await world.rows(effects)
    assert (effect.state, "No such user" in effect.error) == ("refused", True)
    assert (await world.ours())[0].delivery == "failed"
    assert [row.status for row in await world.rows(cases)] == ["open"]
    await world.mailer.send(mail)
    assert (await world.ours())[0].delivery == "sent"


async def test_no_relay_is_transient_and_leaves_nothing_in_doubt(world: World) -> None:
    mail = await world.decide()
    with pytest.raises(Transient, match="cannot be reached"):
        await world.make(relay=Relay("127.0.0.1", 9, security="none")).send(mail)
    assert await world.rows(effects) == []
    with pytest.raises(NeedsOperator, match="CASEWORK_SMTP_RELAY"):
        await world.make(relay=None).send(mail)
    await world.mailer.send(mail)
    assert len(world.sink.mails) == 1


async def test_a_lost_answer_is_unclear_and_never_sent_again(world: World) -> None:
    mail = await world.decide()
    world.sink.cut_after_data = True
    with pytest.raises(Ambiguous):
        await world.mailer.send(mail)
    world.sink.cut_after_data = False
    for _ in range(3):
        with pytest.raises(Unclear):
            await world.make().send(mail)
    assert len(world.sink.mails) == 1
    assert (await world.ours())[0].delivery == "unclear"


async def test_a_lost_answer_is_looked_up_where_that_is_possible(world: World) -> None:
    async def find_sent(message_id: str) -> bool:
        return any(mail["Message-ID"] == message_id for mail in world.sink.mails)

    mail = await world.decide()
    world.sink.cut_after_data = True
    with pytest.raises(Ambiguous):
        await world.make(find_sent=find_sent).send(mail)
    await world.make(find_sent=find_sent).send(mail)
    assert len(world.sink.mails) == 1
    assert (await world.ours())[0].delivery == "sent"
    assert [row.status for row in await world.rows(cases)] == ["waiting"]


class Killed(BaseException):
    """The process dies here: nothing after this point runs."""


def _dies(original: Callable[..., Any], at_call: int) -> Callable[..., Any]:
    calls = 0

    async def deadly(*arguments: Any, **named: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls == at_call:
            raise Killed
        return await original(*arguments, **named)

    return deadly


@pytest.mark.parametrize(
    ("place", "mails_left"),
    [
        ("activities.mail.outbound.store_letter", 1),
        ("activities.mail.relay.RelaySession._open", 1),
        ("activities.mail.sending.publish", 0),
        ("activities.mail.relay.RelaySession.send", 0),
        ("activities.mail.outbound.mark", 0),
    ],
)
async def test_a_death_at_any_step_sends_at_most_once(
    world: World, monkeypatch: pytest.MonkeyPatch, place: str, mails_left: int
) -> None:
    """Before the ledger notes the sending, the next attempt sends; after it, only a look or a person can tell."""
    mail = await world.decide()
    module, _, name = place.rpartition(".")
    owner = sending.RelaySession if module.endswith("RelaySession") else sending.outbound if "outbound" in module else sending
    with monkeypatch.context() as patch:
        patch.setattr(owner, name, _dies(getattr(owner, name), 1))
        with pytest.raises(Killed):
            await world.mailer.send(mail)
    before = len(world.sink.mails)
    with suppress(Ambiguous, Unclear):
        await world.make().send(mail)
    assert len(world.sink.mails) - before == mails_left
    assert len(world.sink.mails) <= 1
    assert len(await world.ours()) == 1


async def test_done_by_hand_is_published_and_skipped_is_not(world: World) -> None:
    for state, published in (("skipped", []), ("done", [3])):
        mail = await world.decide()
        world.sink.answers["RCPT"] = ["550 no"]
        with pytest.raises(Rejected):
            await world.mailer.send(mail)
        async with world.database.begin() as connection:
            await connection.execute(sql.update(effects).where(effects.c.op_key == mail.op_key).values(state=state))
        sent = await world.mailer.send(mail)
        assert sent.skipped is (state == "skipped")
        assert [row.revision for row in await world.rows(cases) if row.revision] == published
    assert world.sink.mails == []
