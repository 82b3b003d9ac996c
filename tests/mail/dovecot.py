"""Debian's Dovecot as a child process: no privileges, one configuration file, a maildir, a port that is free."""

import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path

from imap_tools.mailbox import MailBoxUnencrypted

from activities._kit.accounts import ImapAccount

USER, PASSWORD = "support", "sécret✓"
PROGRAM = shutil.which("dovecot", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
MISSING = "Dovecot is not installed; `make dovecot` installs it where root may"
_PATIENCE = 15.0

_CONFIGURATION = """
base_dir = {folder}/run
state_dir = {folder}/run
log_path = {folder}/log
protocols = imap
listen = 127.0.0.1
ssl = no
disable_plaintext_auth = no
auth_mechanisms = plain login
default_internal_user = {user}
default_internal_group = {group}
default_login_user = {user}
mail_location = maildir:{folder}/mail
mail_max_userip_connections = 50
maildir_stat_dirs = yes
first_valid_uid = 1
service imap-login {{
  chroot =
  inet_listener imap {{
    port = {port}
  }}
  inet_listener imaps {{
    port = 0
  }}
}}
service anvil {{
  chroot =
}}
service stats {{
  chroot =
}}
passdb {{
  driver = static
  args = password={password}
}}
userdb {{
  driver = static
  args = uid={uid} gid={gid} home={folder}
}}
"""


class Dovecot:
    """A server with one mailbox. Folders are named as people write them."""

    def __init__(self) -> None:
        if PROGRAM is None:
            raise RuntimeError(MISSING)
        self.folder = Path(tempfile.mkdtemp(prefix="casework-dovecot-"))
        self.port = _free_port()
        # Dovecot's own users may be missing; whoever is not root runs it as themselves.
        account = pwd.getpwnam("nobody") if os.geteuid() == 0 else pwd.getpwuid(os.geteuid())
        self._account = account if os.geteuid() == 0 else None
        self._configuration = self.folder / "dovecot.conf"
        self._configuration.write_text(
            _CONFIGURATION.format(
                folder=self.folder,
                port=self.port,
                user=account.pw_name,
                group=_group(account.pw_gid),
                uid=account.pw_uid,
                gid=account.pw_gid,
                password=PASSWORD,
            )
        )
        os.chown(self.folder, account.pw_uid, account.pw_gid)
        self._configuration.chmod(0o644)
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        assert PROGRAM is not None
        command = [PROGRAM, "-F", "-c", str(self._configuration)]
        process = self._process = subprocess.Popen(
            command,
            start_new_session=True,
            user=self._account and self._account.pw_uid,
            group=self._account and self._account.pw_gid,
            extra_groups=[] if self._account else None,
        )
        until = time.monotonic() + _PATIENCE
        while time.monotonic() < until and process.poll() is None:
            try:
                with self.client():
                    return
            except OSError:
                time.sleep(0.05)
        log = self.folder / "log"
        raise RuntimeError(f"Dovecot did not start: {log.read_text() if log.exists() else 'no log'}")

    def stop(self) -> None:
        """Ends it as a crash of the machine would."""
        if self._process is not None:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
            self._process = None

    def empty(self) -> None:
        """Forgets all mails; the server must be stopped."""
        shutil.rmtree(self.folder / "mail", ignore_errors=True)

    def remove(self) -> None:
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def account(self, **changes: object) -> ImapAccount:
        known = {"host": "127.0.0.1", "port": self.port, "security": "none", "user": USER, "password": PASSWORD}
        return ImapAccount.model_validate({**known, "store": "northwind-tools", **changes})

    def client(self) -> MailBoxUnencrypted:
        return MailBoxUnencrypted("127.0.0.1", self.port, timeout=10).login_utf8(USER, PASSWORD)

    def put(self, *mails: bytes, folder: str = "INBOX") -> None:
        with self.client() as client:
            for mail in mails:
                client.append(mail, folder)

    def count(self, folder: str = "INBOX") -> int:
        with self.client() as client:
            return client.folder.status(folder)["MESSAGES"]

    def renumber(self) -> None:
        """Gives the mails of the inbox other UIDs and the inbox another UIDVALIDITY, as a restored backup does."""
        before = self._uid_validity()
        while self._uid_validity() == before:  # it is the second in which the folder was made
            self.stop()
            for file in (self.folder / "mail").glob("dovecot*"):
                file.unlink()
            self.start()

    def _uid_validity(self) -> int:
        with self.client() as client:
            return client.folder.status("INBOX", ["UIDVALIDITY"])["UIDVALIDITY"]


def _group(gid: int) -> str:
    import grp

    return grp.getgrgid(gid).gr_name


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
