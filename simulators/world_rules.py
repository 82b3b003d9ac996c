"""Rules across the parts of a world document: what is referred to exists, and no line ships more than was ordered."""

from collections import Counter
from collections.abc import Iterable

from simulators.world import Contact, Order, World


def broken_rules(world: World) -> list[str]:
    """Every broken rule as "where: what", an empty list for a sound world."""
    return [
        *_doubles(world),
        *_stores(world),
        *_people(world),
        *(rule for position, order in enumerate(world.orders) for rule in _order(world, position, order)),
        *_paper(world),
    ]


def _doubles(world: World) -> Iterable[str]:
    lists: dict[str, list[object]] = {
        "stores.key": [store.key for store in world.stores],
        "stores.hash": [store.hash for store in world.stores],
        "tiers.id": [tier.id for tier in world.tiers],
        "companies.id": [company.id for company in world.companies],
        "contacts.id": [contact.id for contact in world.contacts],
        "contacts.email": [(contact.store, contact.email.lower()) for contact in world.contacts],
        "products.id": [product.id for product in world.products],
        "products.sku": [(product.store, product.sku) for product in world.products],
        "orders.id": [order.id for order in world.orders],
        "orders.lines.id": [line.id for order in world.orders for line in order.lines if line.id is not None],
        "quotes.id": [quote.id for quote in world.quotes],
        "invoices.number": [invoice.number for invoice in world.invoices],
        "invoices.order": [invoice.order for invoice in world.invoices],
        "carriers.carriers.carrier_code": [carrier.carrier_code for carrier in world.carriers.carriers],
        "qapla.couriers.slug": [courier.slug for courier in world.qapla.couriers],
        "orders.shipments.tracking_number": [
            shipment.tracking_number for order in world.orders for shipment in order.shipments
        ],
    }
    for where, values in lists.items():
        for value, count in Counter(values).items():
            if count > 1:
                yield f"{where}: {value} stands {count} times"


def _stores(world: World) -> Iterable[str]:
    known = {store.key for store in world.stores}
    parts = {
        "tiers": world.tiers,
        "companies": world.companies,
        "contacts": world.contacts,
        "products": world.products,
        "orders": world.orders,
        "quotes": world.quotes,
    }
    for name, items in parts.items():
        for position, item in enumerate(items):
            if item.store not in known:
                yield f"{name}.{position}.store: no store {item.store!r}"


def _people(world: World) -> Iterable[str]:
    tiers = {tier.id: tier.store for tier in world.tiers}
    companies = {company.id: company.store for company in world.companies}
    for position, company in enumerate(world.companies):
        if company.tier is not None and tiers.get(company.tier) != company.store:
            yield f"companies.{position}.tier: no tier {company.tier} in store {company.store}"
    for position, contact in enumerate(world.contacts):
        if contact.company is not None and companies.get(contact.company) != contact.store:
            yield f"contacts.{position}.company: no company {contact.company} in store {contact.store}"
        for further in contact.further_companies:
            if companies.get(further) != contact.store or contact.company in (None, further):
                yield f"contacts.{position}.further_companies: no other company {further} in store {contact.store}"
        if contact.company is None and contact.address is None:
            yield f"contacts.{position}.address: needed without a company"


def _order(world: World, position: int, order: Order) -> Iterable[str]:
    where = f"orders.{position} ({order.id})"
    contacts: dict[int, Contact] = {contact.id: contact for contact in world.contacts}
    skus = {product.sku for product in world.products if product.store == order.store}
    carriers = {carrier.carrier_code for carrier in world.carriers.carriers}
    carriers |= {courier.slug for courier in world.qapla.couriers}
    if order.contact is None:
        if not order.guest_email or order.shipping_address is None:
            yield f"{where}.guest_email: a guest needs guest_email and shipping_address"
    elif order.contact not in contacts or contacts[order.contact].store != order.store:
        yield f"{where}.contact: no contact {order.contact} in store {order.store}"
    contact = contacts.get(order.contact or 0)
    if order.company is not None and (contact is None or order.company not in (contact.company, *contact.further_companies)):
        yield f"{where}.company: the contact does not buy for company {order.company}"
    for number, line in enumerate(order.lines):
        if line.sku not in skus:
            yield f"{where}.lines.{number}.sku: no product {line.sku!r} in store {order.store}"
    shipped: Counter[int] = Counter()
    for number, shipment in enumerate(order.shipments):
        if shipment.carrier not in carriers:
            yield f"{where}.shipments.{number}.carrier: no carrier {shipment.carrier!r}"
        for item in shipment.items:
            shipped[item.line] += item.quantity
    for line_number, quantity in shipped.items():
        if not 1 <= line_number <= len(order.lines):
            yield f"{where}.shipments.items.line: the order has no line {line_number}"
        elif quantity > order.lines[line_number - 1].quantity:
            yield f"{where}.shipments.items.quantity: line {line_number} ships {quantity}, more than was ordered"


def _paper(world: World) -> Iterable[str]:
    orders = {order.id: order for order in world.orders}
    contacts = {contact.id: contact for contact in world.contacts}
    skus = {(product.store, product.sku) for product in world.products}
    for position, quote in enumerate(world.quotes):
        if quote.contact not in contacts:
            yield f"quotes.{position}.contact: no contact {quote.contact}"
        if quote.order is not None and quote.order not in orders:
            yield f"quotes.{position}.order: no order {quote.order}"
        for number, line in enumerate(quote.lines):
            if (quote.store, line.sku) not in skus:
                yield f"quotes.{position}.lines.{number}.sku: no product {line.sku!r} in store {quote.store}"
    for position, invoice in enumerate(world.invoices):
        if invoice.order not in orders:
            yield f"invoices.{position}.order: no order {invoice.order}"
        if invoice.due_date < invoice.date:
            yield f"invoices.{position}.due_date: lies before the date"
