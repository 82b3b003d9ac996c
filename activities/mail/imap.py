"""One connection to one mailbox. Everything here blocks: it is called in a thread of its own, `cut` from any other."""

import contextlib
import imaplib
import itertools
import re
import socket
import ssl
import threading
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import NamedTuple

from imap_tools.errors import ImapToolsError, UnexpectedCommandStatusError
from imap_tools.mailbox import BaseMailBox, MailBox, MailBoxStartTls, MailBoxUnencrypted

from activities._kit.accounts import ImapAccount
from activities._kit.errors import NeedsOperator, OutsideError, Transient

_SECONDS = 30
_IDLE_SLICE = 1.0
"""How long a thread that waits for news takes to notice that it shall end."""

_SIZE = re.compile(rb"RFC822\.SIZE (\d+)")
_UID = re.compile(rb"UID (\d+)")
_ARRIVED = re.compile(rb'INTERNALDATE "([^"]{1,40})"')
_NO_CONTENT = re.compile(rb'BODY\[\] (?:""|NIL)')
_PASSING = re.compile(r"\[(?:UNAVAILABLE|INUSE|LIMIT|SERVERBUG)\]", re.IGNORECASE)
"""Response codes of what may be over in a minute (RFC 5530)."""


class Fetched(NamedTuple):
    """A mail as the server holds it, and when it came there."""

    raw: bytes
    arrived_at: datetime


class Mailbox:
    """Opened by the constructor.

    Every method raises Transient where the connection is lost or the server says "later", NeedsOperator where it does not let
    us in or has no such folder.
    """

    def __init__(self, account: ImapAccount) -> None:
        self._account = account
        self._ended = threading.Event()
        with self._errors("no protected connection can be made", NeedsOperator):
            self._box = self._connect()
        try:
            self._log_in()
        except BaseException:
            self.cut()
            raise

    def select(self) -> int:
        """Opens the folder anew, so that what has come since is seen, and returns its UIDVALIDITY."""
        with self._errors(f"the folder {self._account.folder!r} cannot be opened", NeedsOperator):
            self._box.folder.set(self._account.folder)
            found = self._box.client.response("UIDVALIDITY")[1][0]
        if found is None:
            raise NeedsOperator(f"The mail server gives {self._account.folder!r} no UIDVALIDITY; it cannot be polled")
        return int(found)

    def uids_after(self, uid: int) -> list[int]:
        """UIDs above `uid`, in order. The server always names the newest, also below (RFC 9051 section 6.4.9)."""
        with self._errors("the folder cannot be searched"):
            return sorted(found for found in map(int, self._box.uids(f"UID {uid + 1}:*", charset=None)) if found > uid)

    def sizes(self, uids: Sequence[int]) -> dict[int, int]:
        """Bytes of each mail that is there."""
        lines = [line for line in self._fetch(uids, "(UID RFC822.SIZE)") if isinstance(line, bytes)]
        found = ((_UID.search(line), _SIZE.search(line)) for line in lines)
        return {int(uid.group(1)): int(size.group(1)) for uid, size in found if uid and size}

    def fetch(self, uids: Sequence[int]) -> dict[int, Fetched]:
        """The mails that are there, without marking them as read. What UIDs it returns nothing for are gone or unreadable."""
        mails: dict[int, Fetched] = {}
        items = [*self._fetch(uids, "(UID INTERNALDATE BODY.PEEK[])"), b""]
        for item, following in itertools.pairwise(items):
            if isinstance(item, tuple):
                around = item[0] + (following if isinstance(following, bytes) else b"")
                raw = item[1]
            elif _NO_CONTENT.search(item):
                around, raw = item, b""
            else:
                continue
            uid = _UID.search(around)
            if uid is not None:
                mails[int(uid.group(1))] = Fetched(raw, _arrived(around))
        return mails

    def there(self, uids: Sequence[int]) -> set[int]:
        """Which of these mails the folder still has."""
        return set(self.sizes(uids)) if uids else set()

    def mark_filed(self, uids: Sequence[int]) -> None:
        """Moves the mails or sets their keyword, as the account says."""
        account, numbers = self._account, [str(uid) for uid in uids]
        if not numbers:
            return
        with self._errors("filed mails cannot be marked"):
            if account.processed_folder is not None:
                if not self._box.folder.exists(account.processed_folder):
                    self._box.folder.create(account.processed_folder)
                self._box.move(numbers, account.processed_folder)
            elif account.keyword is not None:
                # Not by imap-tools, which would also expunge what people have deleted.
                status, answer = self._box.client.uid("STORE", ",".join(numbers), "+FLAGS", f"({account.keyword})")
                if status != "OK":
                    raise imaplib.IMAP4.error(f"{status} {answer}")

    def wait(self, seconds: float) -> None:
        """Until the server says that something has changed, at most so long; without IDLE (RFC 2177) always so long."""
        until = time.monotonic() + seconds
        if "IDLE" not in self._box.client.capabilities:
            self._ended.wait(seconds)
            return
        with self._errors("the connection was lost"):
            self._box.idle.start()
            while not self._ended.is_set() and (left := until - time.monotonic()) > 0:
                if self._box.idle.poll(min(left, _IDLE_SLICE)):
                    break
            self._box.idle.stop()

    def cut(self) -> None:
        """Ends the connection at once, from any thread: what waits in another one fails."""
        self._ended.set()
        with contextlib.suppress(OSError):
            self._box.client.sock.shutdown(socket.SHUT_RDWR)

    @property
    def _port(self) -> int:
        return self._account.port or (993 if self._account.security == "tls" else 143)

    def _connect(self) -> BaseMailBox:
        host, security = self._account.host, self._account.security
        if security == "none":
            return MailBoxUnencrypted(host, self._port, timeout=_SECONDS)
        # The standard library's own default for IMAP checks no certificate.
        trusted = ssl.create_default_context()
        door = MailBox if security == "tls" else MailBoxStartTls
        return door(host, self._port, timeout=_SECONDS, ssl_context=trusted)

    def _log_in(self) -> None:
        account = self._account
        with self._errors(f"user {account.user!r} is refused; correct `imap` in the accounts file", NeedsOperator):
            plain = (account.user + account.password).isascii()
            log_in = self._box.login if plain else self._box.login_utf8
            log_in(account.user, account.password, initial_folder=None)
            # Servers name more of what they can once they know who asks (MOVE among it).
            self._box.client.capabilities = tuple(self._box.client.capability()[1][0].decode().upper().split())

    def _fetch(self, uids: Sequence[int], parts: str) -> list[bytes | tuple[bytes, bytes]]:
        with self._errors("mails cannot be fetched"):
            status, items = self._box.client.uid("FETCH", ",".join(map(str, uids)), parts)
            if status != "OK":
                raise imaplib.IMAP4.error(f"{status} {items}")
        return [item for item in items if item is not None]

    @contextlib.contextmanager
    def _errors(self, what: str, refused: type[OutsideError] = Transient) -> Iterator[None]:
        """The library's errors as ours, in words for whoever runs the mailbox. `refused` is what a refusal is."""
        try:
            yield
        except ssl.SSLCertVerificationError as error:
            raise NeedsOperator(f"The mail server's certificate is not trusted: {error.verify_message}") from error
        except (imaplib.IMAP4.abort, OSError) as error:
            where = f"{self._account.host}:{self._port}"
            raise Transient(f"The mail server {where} cannot be reached or ended the connection: {error}") from error
        except (imaplib.IMAP4.error, ImapToolsError) as error:
            words = _said(error)
            kind = Transient if _PASSING.search(words) else refused
            raise kind(f"At the mail server {what}: {words}") from error


def _said(error: Exception) -> str:
    """The server's own words."""
    if not isinstance(error, UnexpectedCommandStatusError):
        return str(error)
    status, answer = error.command_result[:2]
    words = (part.decode(errors="replace") for part in answer if isinstance(part, bytes))
    return f"{status} {' '.join(words)}"


def _arrived(line: bytes) -> datetime:
    """INTERNALDATE, but never later than now; now where the server tells none."""
    now = datetime.now(UTC)
    found = _ARRIVED.search(line)
    if found is None:
        return now
    return min(now, datetime.strptime(found.group(1).decode().strip(), "%d-%b-%Y %H:%M:%S %z"))
