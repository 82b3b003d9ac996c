"""How each channel proves its hooks."""

import base64
import hashlib
import hmac
import json
from urllib.parse import parse_qsl

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from simulators.state import Document

FORM = "application/x-www-form-urlencoded"


def signed_headers(provider: str, account: Document, url: str, body: str) -> dict[str, str]:
    """The headers of a hook of one of the channels."""
    return _SIGNERS[provider](account, url, body)


def _twilio(account: Document, url: str, body: str) -> dict[str, str]:
    pairs = "".join(name + value for name, value in sorted(parse_qsl(body, keep_blank_values=True)))
    digest = hmac.new(account["token"].encode(), (url + pairs).encode(), hashlib.sha1).digest()
    return {"content-type": FORM, "x-twilio-signature": base64.b64encode(digest).decode()}


def _whatsapp(account: Document, url: str, body: str) -> dict[str, str]:
    digest = hmac.new(account["app_secret"].encode(), body.encode(), hashlib.sha256).hexdigest()
    return {"content-type": "application/json", "x-hub-signature-256": f"sha256={digest}"}


def _ebay(account: Document, url: str, body: str) -> dict[str, str]:
    signature = _private_key(account).sign(body.encode(), ec.ECDSA(hashes.SHA1()))
    told = {
        "alg": "ecdsa",
        "kid": account["key_id"],
        "signature": base64.b64encode(signature).decode(),
        "digest": "SHA1",
    }
    return {"content-type": "application/json", "x-ebay-signature": base64.b64encode(json.dumps(told).encode()).decode()}


def _tiktok(account: Document, url: str, body: str) -> dict[str, str]:
    signed = (account["app_key"] + body).encode()
    digest = hmac.new(account["app_secret"].encode(), signed, hashlib.sha256).hexdigest()
    return {"content-type": "application/json", "authorization": digest}


_SIGNERS = {"twilio": _twilio, "whatsapp": _whatsapp, "ebay": _ebay, "tiktok": _tiktok}
PROVIDERS = tuple(_SIGNERS)


def ebay_public_key(account: Document) -> str:
    """The PEM of the key in one line, as eBay gives it out."""
    pem = _private_key(account).public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    return pem.decode().replace("\n", "")


def _private_key(account: Document) -> ec.EllipticCurvePrivateKey:
    return ec.derive_private_key(int(account["key"]), ec.SECP256R1())
