"""What may be sent over a channel, and the words that tell an agent why not."""

import re
from datetime import datetime, timedelta

from activities.channels.port import Limits

NO_CONTACT_OUTSIDE = (
    (
        r"(?i)\bhttps?://|\bwww\.[a-z0-9]",
        "The marketplace allows no links to other sites in messages; take the link out.",
    ),
    (
        r"[\w.+-]{1,64}@[\w-]{1,63}\.\w",
        "The marketplace allows no e-mail addresses in messages; take the address out.",
    ),
    (
        r"\+[1-9](?:[ ()/.-]{0,3}\d){7,}"
        r"|(?i:\b(?:tel|phone|call|mobile|telefon|téléphone|teléfono|telefono|whatsapp)|电话|手机)\w{0,10}[ .:：]{0,3}[(\d]"
        r"(?:[ ()/.-]{0,3}\d){5,}",
        "The marketplace allows no telephone numbers in messages; take the number out.",
    ),
)
"""eBay (Member-to-member contact policy) and TikTok Shop (Customer service policy) forbid contact outside of them."""


def length(text: str) -> int:
    """The length as `Limits.text_length` counts it."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def content_refusal(limits: Limits, text: str) -> str | None:
    """Why this text may not be sent over the channel at all; None where it may."""
    size = length(text)
    if size > limits.text_length:
        return f"The text has {size} characters and this channel takes {limits.text_length}; shorten it or answer by mail."
    return next((words for pattern, words in limits.forbidden if re.search(pattern, text)), None)


def window_refusal(limits: Limits, last_heard: datetime | None, now: datetime) -> str | None:
    """Why no free text may be sent now. `last_heard` is when the buyer last wrote in the conversation."""
    if limits.window is None or (last_heard is not None and now - last_heard <= limits.window):
        return None
    hours = limits.window // timedelta(hours=1)
    heard = f"came on {last_heard:%Y-%m-%d at %H:%M} UTC" if last_heard is not None else "never came"
    return f"Free text goes out within {hours} h of the buyer's last message, which {heard}; use a template or answer by mail."
