"""All that is known of one order, from everybody who knows something of it: store, B2B edition and carriers (C1 to C4).

Each part stands with its age and its source. A part that could not be read now stays as it was, with the reason beside it.
"""

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
