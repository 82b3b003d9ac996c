"""Return labels: bought once, mailed once, given back when unused.

ShipStation keeps our op_key as the shipment's external id, which makes a label findable although its answer was lost
(carriers brief, section 8).
"""

from decimal import Decimal
from typing import Any, Protocol

import httpx
from temporalio import activity

from activities._kit.accounts import Accounts
from activities._kit.effects import Declined, Done, Effect, EffectLedger, Found, Unconfirmed
from activities._kit.errors import NeedsOperator, Rejected
from activities.bigcommerce.models import BuyerAddress
from activities.bigcommerce.stores import Stores
from activities.carriers.models import SEND_RETURN_LABEL, VOID_LABEL, Label, ReturnLabelRequest, VoidRequest, VoidResult
from activities.carriers.shipstation import Document, ShipStationClient, client_of
from activities.mail.models import MailAttachment, OutgoingMail, SentMail
from domain.effects import EffectKind
from domain.playbook import PostalAddress, Store
from playbook.running import RunningPlaybook
from storage.blobs import Blobs

_PROVIDER = "shipstation"
_ALREADY_VOIDED = "label_already_voided"


class SendMail(Protocol):
    """Sends a mail once by its own op_key: `activities.mail.sending.Mailer.send`."""

    async def __call__(self, mail: OutgoingMail, attachments: tuple[MailAttachment, ...] = ()) -> SentMail: ...


class _VoidRefused(Rejected):
    """The carrier does not take the label back: an answer, not a failure."""


class ReturnLabels:
    """Buys and voids return labels in the carrier accounts of the stores."""

    def __init__(
        self,
        ledger: EffectLedger,
        stores: Stores,
        accounts: Accounts,
        playbook: RunningPlaybook,
        blobs: Blobs,
        client: httpx.AsyncClient,
        send_mail: SendMail,
    ) -> None:
        self._ledger = ledger
        self._stores = stores
        self._accounts = accounts
        self._playbook = playbook
        self._blobs = blobs
        self._http = client
        self._send_mail = send_mail

    @activity.defn(name=SEND_RETURN_LABEL)
    async def send_return_label(self, request: ReturnLabelRequest) -> Label:
        """The label, bought, stored and on its way to the customer. A label made by hand is not mailed: who made it has it.

        Raises Rejected where address or service are refused, NotSupported where the carrier has no return labels, and the
        errors of effect ledger and mail.
        """
        store = self._playbook.now.stores.get(request.store)
        if store is None:
            raise NeedsOperator(f"The playbook has no store {request.store!r}.")
        client = client_of(self._accounts, store.carrier_account, self._http)
        buying = _Buying(client, self._stores, self._blobs, store, request)
        effect = Effect(
            op_key=request.op_key,
            case_id=request.case_id,
            kind=EffectKind.RETURN_LABEL,
            provider=_PROVIDER,
            account=store.carrier_account,
            request=request.model_dump(mode="json", include={"store", "order_id", "rma_number", "weight_grams"}),
            attempt=request.attempt,
        )
        done = await self._ledger.once(effect, buying.perform, buying.find, repeatable=True)
        if done.result is None:
            label_id = "" if done.skipped else done.provider_id
            carrier, nothing = store.carrier_code, Decimal(0)
            return Label(label_id=label_id, carrier=carrier, tracking_number="", cost=nothing, currency="", document="")
        label = Label.model_validate(done.result)
        name = f"return-label-{request.rma_number}.pdf"
        attachment = MailAttachment(filename=name, content_type="application/pdf", blob=label.document)
        await self._send_mail(request.mail, (attachment,))
        return label

    @activity.defn(name=VOID_LABEL)
    async def void_label(self, request: VoidRequest) -> VoidResult:
        """Whether the carrier took the label back; its refusal is a result.

        Raises Rejected where the account has no such label, and the errors of the effect ledger.
        """
        voiding = _Voiding(client_of(self._accounts, request.account, self._http), request.label_id)
        effect = Effect(
            op_key=request.op_key,
            case_id=request.case_id,
            kind=EffectKind.VOID_LABEL,
            provider=_PROVIDER,
            account=request.account,
            request={"account": request.account, "label_id": request.label_id},
            attempt=request.attempt,
        )
        try:
            done = await self._ledger.once(effect, voiding.perform, voiding.find, repeatable=True)
        except _VoidRefused as refusal:
            return VoidResult(voided=False, words=refusal.message)
        if done.skipped:
            return VoidResult(voided=False, words="A person decided to keep the label.")
        return VoidResult.model_validate(done.result or {"voided": True, "words": "Given back by hand."})


class _Buying:
    """The calls of one label."""

    def __init__(
        self, client: ShipStationClient, stores: Stores, blobs: Blobs, store: Store, request: ReturnLabelRequest
    ) -> None:
        self._client = client
        self._stores = stores
        self._blobs = blobs
        self._store = store
        self._request = request

    async def perform(self) -> Done | None:
        held = await self.find()
        if isinstance(held, Done | Unconfirmed):
            return held if isinstance(held, Done) else None
        buyer = await self._stores.buyer_address(self._request.store, self._request.order_id)
        await self._client.buy_label(self._body(buyer))
        return None

    async def find(self) -> Found:
        label = await self._client.label_of_shipment(self._request.op_key)
        if label is None:
            return None
        status = label.get("status")
        if status == "voided" or label.get("voided"):
            return Declined(f"Label {label['label_id']} was voided at the carrier.")
        if status == "error":
            return Declined(f"The carrier could not make label {label['label_id']}.")
        if status == "processing":
            return Unconfirmed(f"Label {label['label_id']} is still being made.")
        document = await self._blobs.put(await self._client.document(label))
        cost = label.get("shipment_cost") or {}
        found = Label(
            label_id=str(label["label_id"]),
            carrier=str(label.get("carrier_code") or self._store.carrier_code),
            tracking_number=str(label.get("tracking_number") or ""),
            cost=Decimal(str(cost.get("amount") or 0)),
            currency=str(cost.get("currency") or "").upper(),
            document=document,
        )
        return Done(found.label_id, found.model_dump(mode="json"), found.cost, found.currency)

    def _body(self, buyer: BuyerAddress) -> Document:
        request, warehouse = self._request, self._store.warehouse
        return {
            "shipment": {
                "carrier_id": self._store.carrier_id,
                "service_code": self._store.carrier_service,
                "external_shipment_id": request.op_key,
                "is_return": True,
                "ship_from": _buyer_end(buyer, warehouse.phone),
                "ship_to": _warehouse_end(warehouse),
                "packages": [{"weight": {"value": request.weight_grams, "unit": "gram"}}],
            },
            "is_return_label": True,
            "rma_number": request.rma_number,
            "validate_address": "no_validation",
            "label_download_type": "inline",
            "label_format": "pdf",
        }


class _Voiding:
    """The calls that give one label back."""

    def __init__(self, client: ShipStationClient, label_id: str) -> None:
        self._client = client
        self._label_id = label_id

    async def perform(self) -> Done | None:
        answer = await self._client.void_label(self._label_id)
        words = str(answer.get("message") or "")
        if not answer.get("approved") and answer.get("reason_code") != _ALREADY_VOIDED:
            raise _VoidRefused(words)
        return self._done(words)

    async def find(self) -> Found:
        label = await self._client.label(self._label_id)
        voided = label is not None and (label.get("voided") or label.get("status") == "voided")
        return self._done("The label has been voided.") if voided else None

    def _done(self, words: str) -> Done:
        return Done(self._label_id, VoidResult(voided=True, words=words).model_dump(mode="json"))


def _buyer_end(buyer: BuyerAddress, our_phone: str) -> dict[str, Any]:
    """A telephone number is demanded; for a buyer without one the carrier asks us."""
    return _address(
        name=buyer.name or buyer.company,
        company_name=buyer.company,
        phone=buyer.phone or our_phone,
        address_line1=buyer.street,
        address_line2=buyer.street_2,
        city_locality=buyer.city,
        state_province=buyer.state,
        postal_code=buyer.postal_code,
        country_code=buyer.country_code,
    )


def _warehouse_end(warehouse: PostalAddress) -> dict[str, Any]:
    return _address(
        name=warehouse.name,
        company_name=warehouse.company,
        phone=warehouse.phone,
        address_line1=warehouse.street,
        city_locality=warehouse.city,
        state_province=warehouse.state,
        postal_code=warehouse.postal_code,
        country_code=warehouse.country_code,
    )


def _address(**parts: str) -> dict[str, Any]:
    """The specification gives each part a least length, so what is empty stays out; only a state is demanded, which most of
    the world has not: the city stands in for it."""
    parts["state_province"] = parts["state_province"] or parts["city_locality"]
    return {**{name: part for name, part in parts.items() if part}, "address_residential_indicator": "unknown"}
