"""One mail through the merchant's relay, in two steps: all that can be refused beforehand, then the content."""

from dataclasses import dataclass, field
from types import TracebackType
from typing import Literal, Self

from aiosmtplib import (
    SMTP,
    SMTPAuthenticationError,
    SMTPException,
    SMTPNotSupported,
    SMTPResponseException,
)

from activities._kit.errors import Ambiguous, NeedsOperator, OutsideError, Rejected, Transient

_COMMAND_SECONDS = 15
_CONTENT_SECONDS = 40
"""Below the ledger's limit of one attempt."""


@dataclass(frozen=True)
class Relay:
    """The server that takes our mail. `security` is how the connection is protected."""

    host: str
    port: int
    user: str | None = None
    password: str | None = field(default=None, repr=False)
    security: Literal["starttls", "tls", "none"] = "starttls"


class RelaySession:
    """One connection for one mail. Use as a context manager: it is closed at the end."""

    def __init__(self, relay: Relay | None) -> None:
        self._relay = relay
        self._client: SMTP | None = None
        self._refusal: OutsideError | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._client is not None:
            self._client.close()

    async def open(self, sender: str, recipient: str) -> None:
        """Connects and names sender and recipient. Nothing is sent yet. A second call repeats what the first one said.

        Raises Transient where the relay cannot be reached or says "later", Rejected where it refuses sender or recipient for
        good, NeedsOperator where it does not let us in.
        """
        if self._refusal is not None:
            raise self._refusal
        if self._client is not None:
            return
        try:
            await self._open(sender, recipient)
        except (Rejected, NeedsOperator) as refusal:
            self._refusal = refusal
            raise

    async def send(self, content: bytes) -> str:
        """Sends the content and returns the relay's words.

        Raises Transient and Rejected where the relay said that it did not take it, Ambiguous where it said nothing.
        """
        if self._client is None:
            raise Transient("the connection to the mail relay is not open")
        try:
            answer = await self._client.data(content, timeout=_CONTENT_SECONDS)
        except SMTPResponseException as error:
            raise _refused(error) from error
        except (SMTPException, OSError) as error:
            raise Ambiguous(f"The mail relay gave no answer to the mail: {error}") from error
        return f"{answer.code} {answer.message}"

    async def _open(self, sender: str, recipient: str) -> None:
        if self._relay is None:
            raise NeedsOperator("No mail relay is set, so no mail can go out; set CASEWORK_SMTP_RELAY")
        client = SMTP(
            hostname=self._relay.host,
            port=self._relay.port,
            use_tls=self._relay.security == "tls",
            start_tls=self._relay.security == "starttls",
            timeout=_COMMAND_SECONDS,
        )
        options = [] if (sender + recipient).isascii() else ["SMTPUTF8"]
        try:
            await client.connect()
            if self._relay.user is not None:
                await client.login(self._relay.user, self._relay.password or "")
            await client.mail(sender, options=options, encoding="utf-8")
            await client.rcpt(recipient, encoding="utf-8")
        except SMTPAuthenticationError as error:
            client.close()
            if error.code < 500:
                raise _refused(error) from error
            raise NeedsOperator(f"The mail relay refuses our user: {error.code} {error.message}") from error
        except SMTPResponseException as error:
            client.close()
            raise _refused(error) from error
        except SMTPNotSupported as error:
            client.close()
            raise NeedsOperator(f"The mail relay cannot do what is asked of it: {error.message}") from error
        except (SMTPException, OSError, ValueError) as error:
            client.close()
            raise Transient(f"The mail relay {self._relay.host}:{self._relay.port} cannot be reached: {error}") from error
        self._client = client


def _refused(error: SMTPResponseException) -> OutsideError:
    """5xx is for good, everything else may pass (RFC 5321 section 4.2.1)."""
    words = f"The mail relay says {error.code} {error.message}"
    return Rejected(words) if error.code >= 500 else Transient(words)
