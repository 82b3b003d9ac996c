"""The shops' pages: what they show, and that nobody sees another shop's order."""

import httpx
import pytest

from simulators.app import create_app

pytestmark = pytest.mark.simulators


@pytest.mark.parametrize(
    ("path", "status", "words"),
    [
        ("/shop/northwind-tools", 200, "Cordless drill driver"),
        ("/shop/northwind-tools/landing", 200, 'data-store="northwind-tools" data-language="en"'),
        ("/shop/northwind-tools/orders/10452", 200, 'data-order="10452"'),
        ("/shop/northwind-tools?language=%22%3E%3Cb%3E", 200, 'data-language="&quot;&gt;&lt;b&gt;"'),
        ("/shop/casa-lumen/orders/10452", 404, "no such order"),
        ("/shop/nowhere", 404, "no such shop"),
        ("/shop/%3Cb%3E/landing", 404, "no such shop"),
    ],
)
async def test_a_page(path: str, status: int, words: str) -> None:
    app = create_app(webhook_url="http://casework.test")
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://shop.test") as client:
        answer = await client.get(path)
    assert answer.status_code == status
    assert words in answer.text
