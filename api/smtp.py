"""The mail door: an SMTP server that says 250 only for what is stored and in a thread (P1).

aiosmtpd answers a permanent 500 where a handler raises and where a line is long; a sender bounces such a mail and it is lost.
Here everything unexpected is 451 (try again later), lines may be long, and only size and unknown address are refused for good.
Who sends too much is told to come again later, so that the others get in (RFC 3463, X.2.1 and X.4.5).
"""

import asyncio
import logging
import socket
import time
from datetime import UTC, datetime
from typing import Any

from aiosmtpd.smtp import SMTP, Envelope, Session

from activities.mail.filing import file_mail
from activities.mail.parsing import SIZE_LIMIT, UnknownRecipient, store_of
from activities.mail.parsing import Envelope as MailEnvelope
from domain.quotas import Quota
from domain.threading import PUBLIC_MAIL_DOMAINS
from playbook.running import RunningPlaybook
from storage.blobs import Blobs
from storage.engine import Database

DEFAULT_SIZE_LIMIT = SIZE_LIMIT
TRY_LATER = "451 4.3.0 This mail could not be stored just now; please send it again later"
_RECIPIENT_LIMIT = 100
_IDLE_SECONDS = 300
"""RFC 5321 section 4.5.3.2.7 asks for at least five minutes."""

_DRAIN_SECONDS = 10

log = logging.getLogger(__name__)


class SmtpListener:
    """Accepts mail for the stores of the playbook. Started and stopped within the running event loop.

    `size_limit` is in bytes. `port` 0 takes a free port; `address` says which.
    """

    def __init__(
        self,
        database: Database,
        blobs: Blobs,
        playbook: RunningPlaybook,
        host: str = "127.0.0.1",
        port: int = 2525,
        size_limit: int = DEFAULT_SIZE_LIMIT,
    ) -> None:
        self._door = _Door(database, blobs, playbook)
        self._host, self._port, self._size_limit = host, port, size_limit
        self._server: asyncio.Server | None = None
        self._sessions: set[_Smtp] = set()

    @property
    def address(self) -> tuple[str, int]:
        """Host and port it listens on.

        Raises RuntimeError while it is not started.
        """
        if self._server is None:
            raise RuntimeError("the SMTP listener is not started")
        host, port = self._server.sockets[0].getsockname()[:2]
        return host, port

    async def start(self) -> None:
        """Listens. Raises OSError where the port is taken."""
        # aiosmtpd logs every command, and with it who writes to whom.
        logging.getLogger("mail.log").setLevel(logging.WARNING)
        self._server = await asyncio.get_running_loop().create_server(self._session, self._host, self._port)

    async def stop(self) -> None:
        """Takes no new connection, lets mails that are being stored get their answer, then closes what is left."""
        if self._server is None:
            return
        self._server.close()
        storing = [asyncio.ensure_future(session.idle.wait()) for session in self._sessions]
        if storing:
            _, late = await asyncio.wait(storing, timeout=_DRAIN_SECONDS)
            for waiter in late:
                waiter.cancel()
        for session in list(self._sessions):
            session.shut()
        await self._server.wait_closed()
        self._server = None

    def _session(self) -> "_Smtp":
        return _Smtp(self._door, self._size_limit, self._sessions)


class _Smtp(SMTP):
    """One connection."""

    command_size_limit = 2048

    def __init__(self, door: "_Door", size_limit: int, sessions: set["_Smtp"]) -> None:
        # The standard's 1000 bytes a line (RFC 5321 section 4.5.3.1.6) are exceeded by programs that send HTML on one line.
        self.line_length_limit = size_limit
        super().__init__(
            door,
            data_size_limit=size_limit,
            enable_SMTPUTF8=True,
            hostname=socket.gethostname(),
            ident="Casework",
            timeout=_IDLE_SECONDS,
            auth_exclude_mechanism=("LOGIN", "PLAIN"),
            loop=asyncio.get_running_loop(),
        )
        self.idle = asyncio.Event()
        self.idle.set()
        self._size_words = f"552 5.3.4 This mail is larger than the {size_limit // 1_048_576} MB that are accepted here"
        self._sessions = sessions

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._sessions.add(self)
        super().connection_made(transport)

    def connection_lost(self, error: Exception | None) -> None:
        self._sessions.discard(self)
        super().connection_lost(error)

    def shut(self) -> None:
        """Closes the connection."""
        if self.transport is not None:
            self.transport.close()

    async def push(self, status: str | bytes) -> None:
        """Sends an answer, with our words where the library would be short or would turn a mail away for good."""
        text = status if isinstance(status, str) else status.decode("utf-8", "replace")
        if text.startswith(("552", "500 Line too long")):
            text = self._size_words
        await super().push(text.encode("utf-8", "replace").decode("utf-8"))


class _Door:
    """What happens at each step of a session. aiosmtpd finds these methods by their names."""

    def __init__(self, database: Database, blobs: Blobs, playbook: RunningPlaybook) -> None:
        self._database, self._blobs, self._playbook = database, blobs, playbook
        self._by_address = Quota(lambda: playbook.now.mail.per_sender)
        self._by_domain = Quota(lambda: playbook.now.mail.per_domain)

    async def handle_MAIL(self, server: _Smtp, session: Session, envelope: Envelope, address: str, options: list[str]) -> str:
        """Takes a sender who has not sent too much in the last minute."""
        if not self._may_send(_bare(address).lower()):
            return f"452 4.2.1 Too many mails from <{_shown(_bare(address))}> in a minute; please send this one again later"
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return "250 2.1.0 OK"

    async def handle_RCPT(self, server: _Smtp, session: Session, envelope: Envelope, address: str, options: list[str]) -> str:
        """Takes a recipient that is the support address of a store."""
        if store_of([address], self._playbook.now) is None:
            return f"550 5.1.1 <{_shown(address)}> is no address of ours; please check it"
        if len(envelope.rcpt_tos) >= _RECIPIENT_LIMIT:
            return f"452 4.5.3 More than {_RECIPIENT_LIMIT} recipients; please send the rest in another mail"
        envelope.rcpt_tos.append(address)
        envelope.rcpt_options.extend(options)
        return "250 2.1.5 OK"

    async def handle_DATA(self, server: _Smtp, session: Session, envelope: Envelope) -> str:
        """Stores the mail; answers 250 once it is committed, 451 where that failed for whatever reason."""
        server.idle.clear()
        try:
            return await self._store(envelope)
        except UnknownRecipient as error:
            return f"550 5.1.1 {_shown(str(error))}"
        except Exception:
            # Whatever went wrong is ours: the sender keeps the mail and comes again.
            log.exception("a mail from %s was not stored", session.peer)
            return TRY_LATER
        finally:
            server.idle.set()

    async def handle_exception(self, error: Exception) -> str:
        """What a session answers to an unexpected failure of any command."""
        log.error("an SMTP session failed", exc_info=error)
        return TRY_LATER

    def _may_send(self, sender: str) -> bool:
        """Whether the quota of this sender and of its domain have room for one more; if so it is counted. Machine mail
        without a sender counts as one domain; a public mail service is no domain in this sense."""
        now = time.monotonic()
        domain = sender.rpartition("@")[2]
        counted = [(self._by_address, sender)] if sender else []
        if domain not in PUBLIC_MAIL_DOMAINS:
            counted.append((self._by_domain, domain))
        if not all(quota.has(key, now) for quota, key in counted):
            return False
        for quota, key in counted:
            quota.take(key, now)
        return True

    async def _store(self, envelope: Envelope) -> str:
        raw: Any = envelope.original_content
        if not isinstance(raw, bytes):
            raise TypeError(f"the content of a mail is {type(raw).__name__}, not bytes")
        facts = MailEnvelope(sender=_bare(envelope.mail_from), recipients=tuple(envelope.rcpt_tos))
        now = datetime.now(UTC)
        filed = await file_mail(self._database, self._blobs, self._playbook.now, raw, facts, door="smtp", received_at=now)
        return f"250 2.0.0 {'stored' if filed.created else 'known already'} as {filed.message_id}"


def _bare(address: str | None) -> str:
    return "" if address in (None, "<>") else address or ""


def _shown(text: str) -> str:
    """Text of a stranger within one line of an answer."""
    return "".join(character if character.isprintable() and ord(character) < 0x80 else "?" for character in text)[:200]
