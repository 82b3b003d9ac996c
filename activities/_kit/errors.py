"""The closed set of ways in which a call to the outside fails (carriers brief, section 5).

`retryable` is what Temporal does with it: an error that retries keeps its op_key and looks before it repeats.
"""

from datetime import timedelta

from temporalio.exceptions import ApplicationError


class OutsideError(ApplicationError):
    """Base of the set. `type` is the class name, so that histories and retry policies name it."""

    retryable = False

    def __init__(self, message: str, *, retry_after: timedelta | None = None, details: tuple[object, ...] = ()) -> None:
        super().__init__(
            message, *details, type=type(self).__name__, non_retryable=not self.retryable, next_retry_delay=retry_after
        )


class Transient(OutsideError):
    """Nothing was sent, or a read failed: try again."""

    retryable = True


class Ambiguous(OutsideError):
    """A write went out and no clear answer came: the next attempt must look before it sends."""

    retryable = True


class Rejected(OutsideError):
    """The provider understood and refused. A person decides what comes next."""


class NeedsOperator(OutsideError):
    """Credentials, funds or a setting at the provider: nothing works until somebody mends it."""


class ByHand(NeedsOperator):
    """A person does this, by the account's nature; the message says exactly what. Its one detail is the effect's op_key."""


class NotSupported(OutsideError):
    """The account cannot do this; the playbook takes its other branch."""


class OpKeyConflict(OutsideError):
    """The same op_key with another request: a defect of ours, never sent."""


class Unclear(OutsideError):
    """It cannot be told whether the effect happened, and repeating it could do harm. A person looks."""
