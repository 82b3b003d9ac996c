"""Order documents of BigCommerce V2, made from the order of a world (specification: orders.v2.oas2.yml)."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from simulators import money
from simulators.state import Document
from simulators.world import Address, Company, Contact, Order, OrderLine, Payment, Product, Store, World

STATUS_NAMES = (
    "Incomplete",
    "Pending",
    "Shipped",
    "Partially Shipped",
    "Refunded",
    "Cancelled",
    "Declined",
    "Awaiting Payment",
    "Awaiting Pickup",
    "Awaiting Shipment",
    "Completed",
    "Awaiting Fulfillment",
    "Manual Verification Required",
    "Disputed",
    "Partially Refunded",
)
"""BigCommerce's names of the status ids 0 to 14 (GET /v2/order_statuses)."""

ZERO = money.four_places(Decimal(0))


def line_id(order: Order, position: int) -> int:
    """The order product id of the line at a position from 1."""
    return order.lines[position - 1].id or order.id * 100 + position


def address_id(order_id: int) -> int:
    """The order address id; every order of the stand-in ships to one address."""
    return order_id * 10 + 1


def person_address(address: Address, first_name: str, last_name: str, company: str, phone: str, email: str) -> Document:
    """An address in the notation of V2 orders."""
    return {
        "first_name": first_name,
        "last_name": last_name,
        "company": company,
        "street_1": address.street,
        "street_2": address.street_2,
        "city": address.city,
        "state": address.state,
        "zip": address.postal_code,
        "country": address.country,
        "country_iso2": address.country_code,
        "phone": phone,
        "email": email,
    }


@dataclass(frozen=True)
class Buyer:
    """Who bought: company, tax rate and addresses of an order."""

    company: Company | None
    tax_rate: Decimal
    billing: Document
    shipping: Document

    @classmethod
    def of(cls, world: World, order: Order) -> "Buyer":
        """The buyer of an order of a world."""
        contact: Contact | None = next((c for c in world.contacts if c.id == order.contact), None)
        company_id = order.company or (contact.company if contact else None)
        company = next((c for c in world.companies if c.id == company_id), None)
        home = company.address if company else contact.address if contact else None
        shipping = order.shipping_address or home
        assert shipping is not None  # world_rules holds this
        exempt = company is not None and company.tax_exempt
        tax_rate = Decimal(0) if exempt else company.tax_rate if company else Decimal("0.20")
        person = (
            *((contact.first_name, contact.last_name) if contact else ("Guest", "Buyer")),
            company.name if company else "",
            contact.phone if contact else "",
            contact.email if contact else order.guest_email or "",
        )
        return cls(company, tax_rate, person_address(home or shipping, *person), person_address(shipping, *person))


def order_line(order: Order, position: int, line: OrderLine, product: Product, tax_rate: Decimal) -> Document:
    """One element of GET /v2/orders/{id}/products."""
    net = line.price if line.price is not None else product.price
    gross = money.cents(net * (1 + tax_rate))
    name = line.name or product.name
    document = _empty_line()
    document |= {
        "id": line_id(order, position),
        "order_id": order.id,
        "product_id": product.id,
        "variant_id": product.variant_id or product.id,
        "order_address_id": address_id(order.id),
        "name": name,
        "name_customer": name,
        "name_merchant": name,
        "sku": product.sku,
        "brand": product.brand,
        "weight": money.four_places(Decimal(product.weight_grams) / 1000),
        "base_price": money.four_places(product.price),
        "quantity": line.quantity,
    }
    for suffix, amount in (("ex_tax", net), ("inc_tax", gross), ("tax", gross - net)):
        document[f"price_{suffix}"] = money.four_places(amount)
        document[f"total_{suffix}"] = money.four_places(amount * line.quantity)
    document["base_total"] = money.four_places(product.price * line.quantity)
    document["discounted_total_inc_tax"] = document["total_inc_tax"]
    return document


def _empty_line() -> Document:
    document: Document = {
        "order_pickup_method_id": 0,
        "type": "physical",
        "is_refunded": False,
        "quantity_refunded": 0,
        "quantity_shipped": 0,
        "return_id": 0,
        "wrapping_id": 0,
        "wrapping_name": None,
        "wrapping_message": "",
        "event_name": None,
        "event_date": None,
        "ebay_item_id": "",
        "ebay_transaction_id": "",
        "option_set_id": None,
        "parent_order_product_id": None,
        "is_bundled_product": False,
        "bin_picking_number": "",
        "external_id": None,
        "applied_discounts": [],
        "product_options": [],
        "configurable_fields": [],
        "upc": "",
        "gift_certificate_id": None,
    }
    costs = ("base_cost_price", "cost_price_inc_tax", "cost_price_ex_tax", "cost_price_tax", "refund_amount")
    wrapping = ("base_wrapping_cost", "wrapping_cost_ex_tax", "wrapping_cost_inc_tax", "wrapping_cost_tax")
    for name in (*costs, *wrapping, "fixed_shipping_cost", "width", "height", "depth"):
        document[name] = ZERO
    return document


def shipping_address(order: Order, buyer: Buyer, items: int) -> Document:
    """The one element of GET /v2/orders/{id}/shipping_addresses."""
    net, gross = order.shipping, money.cents(order.shipping * (1 + buyer.tax_rate))
    document: Document = {
        **buyer.shipping,
        "id": address_id(order.id),
        "order_id": order.id,
        "items_total": items,
        "items_shipped": 0,
        "shipping_method": "Standard delivery" if order.shipping else "Free shipping",
        "base_cost": money.four_places(net),
        "cost_ex_tax": money.four_places(net),
        "cost_inc_tax": money.four_places(gross),
        "cost_tax": money.four_places(gross - net),
        "cost_tax_class_id": 0,
        "handling_cost_tax_class_id": 0,
        "shipping_zone_id": 1,
        "shipping_zone_name": "Europe",
        "form_fields": [],
        "shipping_quotes": {"url": "", "resource": f"/orders/{order.id}/shipping_addresses"},
    }
    for name in ("base_handling_cost", "handling_cost_ex_tax", "handling_cost_inc_tax", "handling_cost_tax"):
        document[name] = ZERO
    return document


def payment_status(payment: Payment) -> str:
    """BigCommerce's payment_status of an order without refunds; "" stands for an offline method not yet paid."""
    return {"settled": "captured", "authorized": "authorized", "unpaid": ""}[payment.state]


def order_document(order: Order, store: Store, buyer: Buyer, lines: list[Document]) -> Document:
    """GET /v2/orders/{id}."""
    moment = money.rfc2822(order.created)
    items = sum(line["quantity"] for line in lines)
    document = {
        "id": order.id,
        "customer_id": order.contact or 0,
        "date_created": moment,
        "date_modified": moment,
        "date_shipped": "",
        "status_id": 0,
        "status": "",
        "channel_id": 1,
        "items_total": items,
        "items_shipped": 0,
        "payment_method": order.payment.method,
        "payment_provider_id": "",
        "payment_status": payment_status(order.payment),
        "customer_message": order.customer_message,
        "staff_notes": order.staff_notes,
        "external_order_id": order.external_id,
        "billing_address": {**buyer.billing, "form_fields": []},
        "shipping_address_count": 1,
        **_order_amounts(order, lines, buyer.tax_rate),
        **_order_currency(store),
        **_order_habits(order.id),
    }
    for name in ("products", "shipping_addresses", "coupons", "consignments", "fees"):
        resource = f"/orders/{order.id}/{name}"
        document[name] = {"url": f"https://api.bigcommerce.com/stores/{store.hash}/v2{resource}", "resource": resource}
    return document


def _order_amounts(order: Order, lines: list[Document], tax_rate: Decimal) -> Document:
    net = sum((money.decimal(line["total_ex_tax"]) for line in lines), Decimal(0))
    gross = sum((money.decimal(line["total_inc_tax"]) for line in lines), Decimal(0))
    shipping = order.shipping
    shipping_gross = money.cents(shipping * (1 + tax_rate))
    amounts = {
        "subtotal_ex_tax": net,
        "subtotal_inc_tax": gross,
        "subtotal_tax": gross - net,
        "base_shipping_cost": shipping,
        "shipping_cost_ex_tax": shipping,
        "shipping_cost_inc_tax": shipping_gross,
        "shipping_cost_tax": shipping_gross - shipping,
        "total_ex_tax": net + shipping,
        "total_inc_tax": gross + shipping_gross,
        "total_tax": gross - net + shipping_gross - shipping,
    }
    document: Document = {name: money.four_places(amount) for name, amount in amounts.items()}
    for kind in ("handling", "wrapping"):
        for name in (f"base_{kind}_cost", f"{kind}_cost_ex_tax", f"{kind}_cost_inc_tax", f"{kind}_cost_tax"):
            document[name] = ZERO
        document[f"{kind}_cost_tax_class_id"] = 0
    for name in ("store_credit_amount", "gift_certificate_amount", "coupon_discount", "discount_amount"):
        document[name] = ZERO
    # BigCommerce: refunded_amount is always 0, refunds are read from V3.
    return document | {"refunded_amount": ZERO, "shipping_cost_tax_class_id": 0}


def _order_currency(store: Store) -> Document:
    return {
        "currency_id": 1,
        "currency_code": store.currency,
        "currency_exchange_rate": "1.0000000000",
        "default_currency_id": 1,
        "default_currency_code": store.currency,
        "store_default_currency_code": store.currency,
        "store_default_to_transactional_exchange_rate": "1.0000000000",
    }


def _order_habits(order_id: int) -> dict[str, Any]:
    return {
        "cart_id": f"00000000-0000-4000-8000-{order_id:012d}",
        "ip_address": "",
        "ip_address_v6": "",
        "geoip_country": "",
        "geoip_country_iso2": "",
        "order_is_digital": False,
        "is_deleted": False,
        "is_email_opt_in": False,
        "is_tax_inclusive_pricing": False,
        "order_source": "www",
        "ebay_order_id": "0",
        "external_id": None,
        "external_merchant_id": None,
        "external_source": None,
        "tax_provider_id": "BasicTaxProvider",
        "customer_locale": "en",
    }
