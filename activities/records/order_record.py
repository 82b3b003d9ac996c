"""All that is known of one order, from everybody who knows something of it: store, B2B edition and carriers (C1 to C4).

Each part stands with its age and its source. A part that could not be read now stays as it was, with the reason beside it.
"""

from datetime import datetime

from pydantic import AwareDatetime, BaseModel, ConfigDict

from activities.bigcommerce.models import Company, Invoice, LineNote, Order, Quote
from domain.tracking import TrackingSnapshot


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True)


class Told(_Model):
    """Who told a part, and when; `unread` says in words why it could not be read again since. `as_of` None: never told."""

    source: str
    as_of: AwareDatetime | None
    unread: str | None = None


class OrderRecord(_Model):
    """`parcels` by tracking number; `told` by the name of the part, for a parcel `parcel:<tracking number>`."""

    order: Order
    company: Company | None = None
    buyer_role: str | None = None
    tax_exempt: bool = False
    invoices: tuple[Invoice, ...] = ()
    quotes: tuple[Quote, ...] = ()
    line_notes: tuple[LineNote, ...] = ()
    parcels: dict[str, TrackingSnapshot] = {}
    told: dict[str, Told] = {}

    def delivered_at(self, line_id: str) -> datetime | None:
        """When the last of a line came; None while some of it is on its way, or nobody knows."""
        numbers = [
            shipment.tracking_number
            for shipment in self.order.shipments
            if any(line.line_id == line_id for line in shipment.lines)
        ]
        parcels = [self.parcels.get(number) for number in numbers]
        moments = [parcel.delivered_at for parcel in parcels if parcel is not None and parcel.delivered_at is not None]
        return max(moments) if moments and len(moments) == len(parcels) else None
