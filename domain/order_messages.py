"""The identity of a message that a buyer left at an order of the store.

BigCommerce tells it twice: by its API, and by a mail to the merchant that names customer, order and words but no id. Both must
come out as the same message, whichever arrives first, so the identity is made of what both have: store, order and words.
"""

import hashlib
import unicodedata
from html import unescape


def message_identity(store: str, order_id: str, words: str, occurrence: int = 1) -> str:
    """The external id. `occurrence` tells the same words, written again at the same order, apart.

    Only the API can count them; a mail is always taken for the first. A repetition is therefore known by its mail and arrives
    by the API, and is neither lost nor doubled.
    """
    return f"order-message:{store}:{order_id}:{words_key(words)}#{occurrence}"


def words_key(words: str) -> str:
    """A hash over letters and digits alone: mails wrap lines, escape characters and change white space."""
    shown = unicodedata.normalize("NFKC", unescape(words)).casefold()
    letters = "".join(character for character in shown if character.isalnum()) or "".join(shown.split())
    return hashlib.sha256(letters.encode("utf-8", "replace")).hexdigest()[:24]
