"""The inbox in a real browser: what arrives appears, what is decided happens, and typed words are never lost."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.stack.browser import PATIENCE_MILLISECONDS, signed_in
from tests.stack.clients import Api, MailDoor, Simulators, unique, write_mail
from tests.stack.running import Running, until

pytestmark = [pytest.mark.stack, pytest.mark.browser]

BUYER = "claire.dubois@maison-clairval.example"
CASA_LUMEN = "support@casa-lumen.example"
ORDER = "10422"
SKUS = ("CL-PEN-ORB", "CL-DIM-BT")
WORTH = "273.60"
"""One piece of each, tax included."""


@pytest.fixture
def page(stack: Running) -> Iterator[Page]:
    with signed_in(stack) as page:
        expect.set_options(timeout=PATIENCE_MILLISECONDS)
        yield page


def _fold(page: Page, title: str | re.Pattern[str]) -> Locator:
    """A decision's form, unfolded."""
    fold = page.locator("details.fold").filter(has=page.locator("summary", has_text=title)).first
    if fold.get_attribute("open") is None:
        fold.locator("summary").click()
    return fold.locator("form.decision")


def _send(form: Locator) -> None:
    form.get_by_role("button").click()


def test_list_is_alive_and_by_urgency(page: Page, door: MailDoor) -> None:
    rows = page.locator("#rows a.row")
    expect(rows.first).to_be_visible()
    assert rows.count() >= 10
    expect(page.locator("#rows")).to_contain_text("Three POs, some problems and a return")
    page.evaluate("window.neverReloaded = true")

    word = unique()
    door.send(write_mail(f"Commande {ORDER} {word}", f"Bonjour, où est la commande {ORDER} ?", BUYER, CASA_LUMEN))
    row = page.locator("#rows tr").filter(has_text=word)
    expect(row).to_contain_text("Maison Clairval SARL")
    expect(row).to_contain_text(f"order {ORDER}")
    assert page.evaluate("window.neverReloaded") is True
    page.get_by_role("link", name="Casa Lumen").first.click()
    expect(page.locator("#rows tr").filter(has_text=word)).to_be_visible()
    expect(page.locator("#rows")).not_to_contain_text("Northwind Tools")


def test_mail_is_answered_and_goods_come_back(page: Page, api: Api, door: MailDoor, simulators: Simulators) -> None:
    word = unique()
    text = f"Bonjour, deux articles de la commande {ORDER} sont endommagés. {word}"
    door.send(write_mail(f"Retour de la commande {ORDER} {word}", text, BUYER, CASA_LUMEN))
    page.locator("#rows a.row").filter(has_text=word).click()
    expect(page.locator("h1")).to_contain_text(word)
    expect(page.locator("#part-thread .message.in .text").first).to_contain_text("deux articles")
    facts = page.locator("#part-facts")
    expect(facts).to_contain_text(f"Order {ORDER}")
    for sku in SKUS:
        expect(facts.locator("table.lines")).to_contain_text(sku)
    expect(page.locator("#part-clocks")).to_contain_text("First reply")
    page.evaluate("window.neverReloaded = true")

    answer = f"Nous vous envoyons une étiquette. {unique()}"
    page.locator(".reply textarea").fill(answer)
    _send(page.locator(".reply form.decision"))
    expect(page.locator("#part-thread .message.out")).to_contain_text(answer)
    mail = until(lambda: simulators.mails(BUYER, word), "the reply is in the mailbox")[0]
    assert answer in mail["text"]
    assert mail["subject"].startswith(f"Re: Retour de la commande {ORDER}")

    _return_through_all_stages(page)
    assert page.evaluate("window.neverReloaded") is True, "everything appeared by itself"
    refunds = simulators.refunds(int(ORDER))
    assert [f"{refund['total_amount']:.2f}" for refund in refunds] == [WORTH]
    rma = api.only(word)["rmas"][0]
    assert [f"{note['Total']:.2f}" for note in simulators.credit_notes(rma["number"])] == [WORTH]


def _return_through_all_stages(page: Page) -> None:
    """Begins a return of one piece of both lines and decides it to its end, all on the ticket's page."""
    returns = page.locator("#part-returns")
    form = _fold(page, "Begin a return")
    for sku in SKUS:
        entry = form.get_by_role("group", name=re.compile(rf"{ORDER}.*{re.escape(sku)}"))
        entry.get_by_label("Quantity").fill("1")
        entry.get_by_label("Reason").select_option("damaged")
    _send(form)
    expect(returns).to_contain_text("Awaiting approval")
    _send(_fold(page, "Approve"))
    label = returns.get_by_role("link", name="Print the return label")
    expect(label).to_be_visible()
    printed = page.request.get(f"{page.url.split('/tickets')[0]}{label.get_attribute('href')}")
    assert printed.headers["content-type"] == "application/pdf"
    assert printed.body().startswith(b"%PDF-")

    received = _fold(page, "Goods received")
    assert [field.input_value() for field in received.get_by_label("Quantity").all()] == ["1", "1"], "what is to come"
    _send(received)
    expect(returns).to_contain_text("Inspecting")
    inspection = _fold(page, "Inspection")
    for entry in inspection.get_by_role("group", name=re.compile("accepted")).all():
        entry.get_by_label("Quantity").fill("1")
    _send(inspection)
    expect(returns.locator(".stage")).to_have_text("Closed")
    for kind in ("Refund", "Credit note", "Return label"):
        expect(returns.locator(".effects")).to_contain_text(kind)
    expect(returns.locator(".effects")).to_contain_text(WORTH)


def test_reply_on_a_stale_page_is_refused_and_kept(page: Page, api: Api) -> None:
    word = unique()
    ticket = api.opened(api.say("Where is order 10404?", subject=f"Late {word}"))
    page.goto(f"{api.base}/tickets/{ticket['id']}")
    typed = f"I shall look into it. {unique()}"
    box = page.locator(".reply textarea")
    box.press_sequentially(typed[:5])
    box.fill(typed)

    api.applied(ticket["id"], "assign", owner="Martin Krause")
    expect(page.locator("#part-head")).to_contain_text("Martin Krause")
    expect(box).to_have_value(typed)
    _send(page.locator(".reply form.decision"))
    expect(page.locator(".reply .said.bad")).to_contain_text("Something happened since you looked: admin assigned it")
    expect(page.locator(".reply textarea")).to_have_value(typed)
    assert [message["direction"] for message in api.ticket(ticket["id"])["messages"]] == ["in"]

    _send(page.locator(".reply form.decision"))
    expect(page.locator("#part-thread .message.out")).to_contain_text(typed)


def test_hostile_mail_does_nothing(page: Page, api: Api, door: MailDoor) -> None:
    word = unique()
    mail = write_mail(f"<script>document.title='taken'</script> {word}", "plain", "hostile@customer.example")
    mail.add_alternative(
        '<p onclick="alert(1)">Hello</p><script>parent.document.title="taken"</script><img src=x onerror="alert(2)">',
        subtype="html",
    )
    door.send(mail)
    ticket = api.only(word)
    page.goto(f"{api.base}/tickets/{ticket['id']}")
    page.get_by_text("Formatted mail").click()
    frame = page.frame_locator("iframe.mail")
    expect(frame.locator("body")).to_contain_text("Hello")
    assert frame.locator("script").count() == 0
    assert frame.locator("[onclick]").count() == 0
    assert "taken" not in page.title().replace(mail["Subject"], "")
