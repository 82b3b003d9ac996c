"""How ShipStation proves its hooks: RSA over timestamp and body, by a key whose public half it publishes (guide "Webhook
Validation"). The stand-in makes a new key each time it starts, as a provider that changes its keys does."""

import base64
from uuid import uuid4

from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from simulators.shipstation.access import account
from simulators.state import Document, State

_KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
_KEY_ID = uuid4().hex


def signed_headers(timestamp: str, body: str) -> dict[str, str]:
    """The headers that prove a hook."""
    signature = _KEY.sign(f"{timestamp}.{body}".encode(), PKCS1v15(), SHA256())
    return {
        "x-shipengine-timestamp": timestamp,
        "x-shipengine-rsa-sha256-key-id": _KEY_ID,
        "x-shipengine-rsa-sha256-signature": base64.b64encode(signature).decode(),
    }


async def list_keys(request: Request, state: State, held: Document) -> Response:
    """GET /jwks: the public keys (RFC 7517)."""
    numbers = _KEY.public_key().public_numbers()
    key = {"kty": "RSA", "use": "sig", "alg": "RS256", "kid": _KEY_ID, "n": _number(numbers.n), "e": _number(numbers.e)}
    return JSONResponse({"keys": [key]})


def _number(value: int) -> str:
    return base64.urlsafe_b64encode(value.to_bytes((value.bit_length() + 7) // 8)).rstrip(b"=").decode()


def routes() -> list[Route]:
    return [Route("/jwks", account("keys", list_keys, open_to_all=True), methods=["GET"])]
