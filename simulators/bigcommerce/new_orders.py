"""New orders: POST of BigCommerce V2 (specification: orders.v2.oas2.yml, order_Post)."""

from decimal import Decimal
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, StrictInt, ValidationError, model_validator
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from simulators import money, webhooks
from simulators.bigcommerce.access import json_object, of_store, state_of, v2_error
from simulators.bigcommerce.filling import b2b_order_document
from simulators.bigcommerce.order_documents import STATUS_NAMES, Buyer, order_document, order_line, shipping_address
from simulators.state import Document
from simulators.world import Address, Company, Order, OrderLine, Payment, Product, Store

_FIRST_NUMBER = 90_001


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid")


class _Address(_Part):
    first_name: str = ""
    last_name: str = ""
    company: str = ""
    street_1: str
    street_2: str = ""
    city: str
    state: str = ""
    zip: str = Field(min_length=1)
    country: str
    country_iso2: str = Field(pattern="^[A-Z]{2}$")
    phone: str = ""
    email: str = ""


class _Line(_Part):
    product_id: StrictInt
    variant_id: StrictInt | None = None
    quantity: StrictInt = Field(gt=0)
    price_inc_tax: Decimal | None = Field(default=None, ge=0)
    price_ex_tax: Decimal | None = Field(default=None, ge=0)

    @model_validator(mode="after")
    def _both_prices(self) -> "_Line":
        if (self.price_inc_tax is None) != (self.price_ex_tax is None):
            raise ValueError("price_inc_tax and price_ex_tax must be given together")
        return self


class _Post(_Part):
    customer_id: StrictInt = 0
    channel_id: StrictInt = 1
    status_id: StrictInt = Field(default=1, ge=0, lt=len(STATUS_NAMES))
    billing_address: _Address
    shipping_addresses: list[_Address] = Field(default=[], max_length=1)
    products: list[_Line] = Field(min_length=1)
    payment_method: str = "Manual"
    external_order_id: str = ""
    staff_notes: str = Field(default="", max_length=65535)
    customer_message: str = ""


async def post_order(request: Request, store: Document) -> Response:
    """POST /orders: 200, as the specification has it. Two orders may bear the same external order id."""
    try:
        body = _Post.model_validate(await json_object(request, v2_error))
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        raise v2_error(400, f"The field '{'.'.join(map(str, first['loc']))}' is invalid: {first['msg']}.") from None
    buyer = _buyer(request, store, body)
    lines = [_placed(request, store, line) for line in body.products]
    with state_of(request).transaction() as transaction:
        order = Order(
            id=transaction.next_number("bigcommerce.new_orders", _FIRST_NUMBER),
            store=store["key"],
            contact=body.customer_id or None,
            external_id=body.external_order_id,
            created=money.now(),
            payment=Payment(method=body.payment_method, provider_id="offline"),
            lines=[line for line, _, _ in lines],
            staff_notes=body.staff_notes,
            customer_message=body.customer_message,
        )
        record = _record(order, store, buyer, lines, body.status_id)
        transaction.put("bigcommerce.orders", order.id, record)
        webhooks.order_created(request.app, transaction, store, order.id)
    return JSONResponse(record["data"])


def _buyer(request: Request, store: Document, body: _Post) -> Buyer:
    users = of_store(request, "users", store)
    known = {customer["id"] for customer in of_store(request, "customers", store)}
    if body.customer_id and body.customer_id not in known:
        raise v2_error(400, "The field 'customer_id' is invalid.")
    company = next((user["companyId"] for user in users if user["customerId"] == body.customer_id), None)
    billing = body.billing_address.model_dump()
    shipping = body.shipping_addresses[0].model_dump() if body.shipping_addresses else billing
    return Buyer(_company(company, store, body.billing_address), Decimal(0), billing, shipping)


def _company(company_id: int | None, store: Document, at: _Address) -> Company | None:
    if company_id is None:
        return None
    address = Address(street=at.street_1, city=at.city, postal_code=at.zip, country=at.country, country_code=at.country_iso2)
    return Company(id=company_id, store=store["key"], name=at.company, email=at.email, address=address)


def _placed(request: Request, store: Document, line: _Line) -> tuple[OrderLine, Product, Decimal]:
    """The line, what it is a line of, and its tax rate."""
    found = next((product for product in of_store(request, "products", store) if product["id"] == line.product_id), None)
    if found is None or line.variant_id not in (None, found["base_variant_id"]):
        raise v2_error(400, f"Product {line.product_id} with variant {line.variant_id} does not exist.")
    net = money.decimal(found["price"]) if line.price_ex_tax is None else line.price_ex_tax
    gross = net if line.price_inc_tax is None else line.price_inc_tax
    product = Product(
        id=found["id"],
        store=store["key"],
        sku=found["sku"],
        name=found["name"],
        price=money.cents(money.decimal(found["price"])),
        variant_id=found["base_variant_id"],
    )
    return OrderLine(sku=product.sku, quantity=line.quantity, price=net), product, gross / net - 1 if net else Decimal(0)


def _record(
    order: Order, store: Document, buyer: Buyer, placed: list[tuple[OrderLine, Product, Decimal]], status: int
) -> Document:
    lines = [order_line(order, position, *line) for position, line in enumerate(placed, 1)]
    document = order_document(order, _store(store), buyer, lines)
    document |= {"status_id": status, "status": STATUS_NAMES[status]}
    record: dict[str, Any] = {
        "store": order.store,
        "data": document,
        "products": lines,
        "addresses": [shipping_address(order, buyer, document["items_total"])],
        "messages": [],
        "payment": order.payment.model_dump(mode="json"),
    }
    return record | {"b2b": b2b_order_document(order, record, buyer, None)}


def _store(store: Document) -> Store:
    return Store.model_validate({name: store[name] for name in Store.model_fields if name in store})
