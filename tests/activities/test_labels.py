"""Return labels against the carrier's stand-in: one label, one mail, whatever goes wrong."""

from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from activities._kit.accounts import Accounts
from activities._kit.effects import EffectLedger
from activities._kit.errors import NeedsOperator, NotSupported, Rejected, Unclear
from activities.bigcommerce.stores import Stores, UnknownOrder
from activities.carriers.labels import ReturnLabels
from activities.carriers.models import ReturnLabelRequest, VoidRequest
from activities.mail.models import MailAttachment, OutgoingMail, SentMail
from domain.effects import EffectState
from domain.playbook import Playbook
from playbook.running import RunningPlaybook
from storage.blobs import Blobs
from storage.cases import decide_effect
from storage.engine import Database
from tests.activities.conftest import Outside, as_temporal

pytestmark = pytest.mark.simulators

FAULTS = ("lost_before", "lost_after_commit", "error_500", "rate_limit")


class Post:
    """Takes mails instead of sending them."""

    def __init__(self) -> None:
        self.sent: dict[str, tuple[MailAttachment, ...]] = {}

    async def __call__(self, mail: OutgoingMail, attachments: tuple[MailAttachment, ...] = ()) -> SentMail:
        self.sent[mail.op_key] = attachments
        return SentMail(message_id=f"<{mail.op_key}@northwind-tools.example>")


@pytest.fixture
def post() -> Post:
    return Post()


def with_service(playbook: Playbook, carrier_id: str, service: str) -> Playbook:
    store = playbook.stores["northwind-tools"]
    changed = store.model_copy(update={"carrier_id": carrier_id, "carrier_service": service})
    return playbook.model_copy(update={"stores": {"northwind-tools": changed}})


@pytest.fixture
def labels(
    ledger: EffectLedger,
    stores: Stores,
    accounts: Accounts,
    playbook: Playbook,
    blobs: Blobs,
    client: httpx.AsyncClient,
    post: Post,
    outside: Outside,
) -> ReturnLabels:
    return ReturnLabels(ledger, stores, accounts, RunningPlaybook(playbook), blobs, client, post)


def wish(case_id: UUID, **changes: Any) -> ReturnLabelRequest:
    mail = OutgoingMail(op_key="rma-1001.mail.label", case_id=case_id, store="northwind-tools", language="en", order_id="10452")
    whole = {
        "op_key": "rma-1001.return_label.1",
        "case_id": case_id,
        "store": "northwind-tools",
        "order_id": "10452",
        "rma_number": "RMA-1001",
        "weight_grams": 1900,
        "mail": mail,
    }
    return ReturnLabelRequest.model_validate(whole | changes)


async def test_a_label_is_bought_stored_and_mailed(
    labels: ReturnLabels, outside: Outside, blobs: Blobs, post: Post, case_id: UUID
) -> None:
    label = await labels.send_return_label(wish(case_id))
    [kept] = outside.held("shipstation", "labels")
    assert (label.label_id, label.tracking_number) == (kept["label_id"], kept["tracking_number"])
    assert (label.carrier, label.cost, label.currency) == ("ups", Decimal("8.4"), "EUR")
    assert (kept["external_shipment_id"], kept["rma_number"]) == ("rma-1001.return_label.1", "RMA-1001")
    assert (kept["is_return_label"], kept["charge_event"]) == (True, "on_carrier_acceptance")
    assert (await blobs.get(label.document)).startswith(b"%PDF")
    [attached] = post.sent["rma-1001.mail.label"]
    assert (attached.filename, attached.blob) == ("return-label-RMA-1001.pdf", label.document)
    assert await labels.send_return_label(wish(case_id)) == label
    assert len(outside.calls("label")) == 1


@pytest.mark.parametrize(
    ("operation", "fault"),
    [*(("label", fault) for fault in FAULTS), ("label_read", "error_500"), ("label_document", "lost_before")],
)
async def test_one_label_whatever_is_lost(
    labels: ReturnLabels, outside: Outside, post: Post, case_id: UUID, operation: str, fault: str
) -> None:
    outside.arm("shipstation", operation, fault)
    label = await as_temporal(lambda: labels.send_return_label(wish(case_id)))
    assert [kept["label_id"] for kept in outside.held("shipstation", "labels")] == [label.label_id]
    assert list(post.sent) == ["rma-1001.mail.label"]


async def test_a_new_decision_is_a_new_label(labels: ReturnLabels, outside: Outside, case_id: UUID) -> None:
    first = await labels.send_return_label(wish(case_id))
    second = await labels.send_return_label(wish(case_id, op_key="rma-1001.return_label.2"))
    assert first.label_id != second.label_id


async def test_an_unknown_order_buys_nothing(labels: ReturnLabels, outside: Outside, case_id: UUID) -> None:
    with pytest.raises(UnknownOrder, match="Order 77 is not known"):
        await labels.send_return_label(wish(case_id, order_id="77"))
    assert outside.held("shipstation", "labels") == []


@pytest.mark.parametrize(
    ("carrier_id", "service", "error", "words"),
    [
        ("se-ups", "ups_by_drone", Rejected, "is not offered by UPS"),
        ("se-7", "ups_standard", NeedsOperator, "is not connected"),
    ],
)
async def test_what_the_carrier_refuses_is_said_in_its_words(
    ledger: EffectLedger,
    stores: Stores,
    accounts: Accounts,
    playbook: Playbook,
    blobs: Blobs,
    client: httpx.AsyncClient,
    post: Post,
    outside: Outside,
    case_id: UUID,
    carrier_id: str,
    service: str,
    error: type[Exception],
    words: str,
) -> None:
    rules = with_service(playbook, carrier_id, service)
    refused = ReturnLabels(ledger, stores, accounts, RunningPlaybook(rules), blobs, client, post)
    with pytest.raises(error, match=words):
        await refused.send_return_label(wish(case_id))
    assert post.sent == {}


async def test_a_carrier_without_returns(labels: ReturnLabels, outside: Outside, case_id: UUID) -> None:
    outside.reset(lambda world: world["carriers"]["carriers"][0].update(returns=False))
    with pytest.raises(NotSupported, match="no return labels"):
        await labels.send_return_label(wish(case_id))


async def test_a_label_made_by_hand_is_not_mailed(
    labels: ReturnLabels, outside: Outside, database: Database, post: Post, case_id: UUID
) -> None:
    with pytest.raises(Rejected):
        await labels.send_return_label(wish(case_id, order_id="77"))
    async with database.begin() as connection:
        await decide_effect(connection, "rma-1001.return_label.1", EffectState.DONE, "1Z-HAND")
    label = await labels.send_return_label(wish(case_id, order_id="77"))
    assert (label.label_id, label.document, post.sent) == ("1Z-HAND", "", {})


def void(case_id: UUID, label_id: str) -> VoidRequest:
    return VoidRequest(op_key=f"rma-1001.void.{label_id}", case_id=case_id, account="main", label_id=label_id)


@pytest.mark.parametrize("fault", FAULTS)
async def test_a_label_is_given_back(labels: ReturnLabels, outside: Outside, case_id: UUID, fault: str) -> None:
    label = await labels.send_return_label(wish(case_id))
    outside.arm("shipstation", "void", fault)
    result = await as_temporal(lambda: labels.void_label(void(case_id, label.label_id)))
    assert result.voided
    assert outside.held("shipstation", "labels")[0]["voided"]


async def test_a_used_label_is_not_taken_back(labels: ReturnLabels, outside: Outside, case_id: UUID) -> None:
    label = await labels.send_return_label(wish(case_id))
    outside.advance(kind="parcel", tracking_number=label.tracking_number)
    result = await labels.void_label(void(case_id, label.label_id))
    assert (result.voided, result.words) == (False, "This label has already been used.")


async def test_an_unknown_label_cannot_be_given_back(labels: ReturnLabels, outside: Outside, case_id: UUID) -> None:
    with pytest.raises(Rejected, match="was not found"):
        await labels.void_label(void(case_id, "se-1"))


FaultyCalls = st.lists(
    st.tuples(st.sampled_from(("label", "label_read", "*")), st.sampled_from(FAULTS)),
    max_size=5,
)


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(faults=FaultyCalls)
async def test_never_two_labels(labels: ReturnLabels, outside: Outside, case_id: UUID, faults: list[tuple[str, str]]) -> None:
    outside.reset()
    for operation, fault in faults:
        outside.arm("shipstation", operation, fault)
    request = wish(case_id, op_key=f"rma.{uuid4()}")
    try:
        await as_temporal(lambda: labels.send_return_label(request))
        expected = 1
    except Unclear:
        expected = 0
    assert len(outside.held("shipstation", "labels")) == expected
