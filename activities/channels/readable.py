"""A provider's answer that is not what its documentation says."""

from collections.abc import Iterator
from contextlib import contextmanager

from activities._kit.errors import NeedsOperator


@contextmanager
def readable(provider: str) -> Iterator[None]:
    """Around the reading of documents. Raises NeedsOperator where a field is missing or is no number or moment: no message may
    be passed over, and asking again changes nothing."""
    try:
        yield
    except (KeyError, ValueError, TypeError, AttributeError) as error:
        words = f"{provider} answered something that cannot be read ({type(error).__name__}: {error}). No message is skipped."
        raise NeedsOperator(words) from error
