"""Every setting of Casework, read from the environment with the prefix `CASEWORK_`.

The connection to Temporal is not here: `TEMPORAL_ADDRESS`, `TEMPORAL_NAMESPACE` and the rest are read by
`temporalio.envconfig`, as every Temporal tool does.
"""

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from workers.errors import CommandError

Port = Annotated[int, Field(ge=1, le=65535)]
PLAYBOOK_FOLDER = Path(__file__).resolve().parent.parent / "playbook"
TEMPORAL_UI_PORT_OFFSET = 1000
SIMULATOR_SMTP_PORT_OFFSET = 25
SECRET_WORDS = ("TOKEN", "PASSWORD", "DATABASE_URL", "KEY")
"""A variable with one of these in its name is never shown with its value."""


class Settings(BaseSettings):
    """What an operator may set; the description of a field is what `docs/operate.md` says about it."""

    model_config = SettingsConfigDict(env_prefix="CASEWORK_", frozen=True, env_ignore_empty=True, extra="ignore")

    data: Path = Field(Path(".casework"), description="Folder of everything kept on this machine.")
    database_url: str | None = Field(
        None, repr=False, description="PostgreSQL, `postgresql://user:password@host/name`. `up` brings its own."
    )
    http_host: str = Field("127.0.0.1", description="Address the API and the inbox listen on.")
    http_port: Port = Field(8000, description="Port of the API and the inbox.")
    smtp_host: str = Field("127.0.0.1", description="Address the SMTP listener listens on.")
    smtp_port: Port = Field(2525, description="Port of the SMTP listener.")
    temporal_port: Annotated[int, Field(ge=1, le=65535 - TEMPORAL_UI_PORT_OFFSET)] = Field(
        7233, description="Port of the Temporal server of `up`; its Web UI is 1000 above."
    )
    simulator_port: Port = Field(8100, description="Port of the simulators of `up`.")
    simulator_smtp_port: Port | None = Field(
        None, description="Port of the simulators' mailbox; 25 above the simulators when not set."
    )
    playbook: Path = Field(PLAYBOOK_FOLDER, description="Folder of the merchant's rules and texts.")
    accounts: Path | None = Field(
        None, description="File with the provider accounts; `accounts.yaml` in the data folder when not set."
    )
    key: str | None = Field(
        None,
        repr=False,
        description="Key that seals connected accounts, the newest first where there are several; `account-key` in the data "
        "folder when not set.",
    )
    admin_token: str | None = Field(None, repr=False, description="A token accepted as admin.")
    blobs_url: str | None = Field(
        None, description="Object store for mails and attachments (s3://, gs://, az://); a local folder when not set."
    )
    public_url: str | None = Field(None, description="Address under which agents reach the inbox.")
    temporal_ui_url: str | None = Field(None, description="Address of the Temporal Web UI, for links in the inbox.")
    smtp_relay: str | None = Field(None, description="Mail relay for outgoing mail, `host:port`.")
    smtp_relay_user: str | None = Field(None, description="User at the mail relay.")
    smtp_relay_password: str | None = Field(None, repr=False, description="Password at the mail relay.")
    smtp_relay_security: Literal["starttls", "tls", "none"] = Field(
        "starttls", description="How the connection to the relay is protected."
    )
    message_size_limit: int = Field(25 * 1024 * 1024, ge=64 * 1024, description="Largest accepted mail, in bytes.")
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field("INFO", description="Least severe line logged.")
    log_format: Literal["auto", "json", "console"] = Field(
        "auto", description="How log lines look; auto is console on a terminal and JSON elsewhere."
    )
    metrics_port: Port | None = Field(None, description="Port of a worker's Prometheus metrics; off when not set.")
    graceful_shutdown_seconds: float = Field(45.0, gt=0, description="How long a stopping worker waits for running activities.")

    @field_validator("database_url")
    @classmethod
    def _name_the_driver(cls, value: str | None) -> str | None:
        """Providers hand out `postgres://…`; SQLAlchemy wants the driver named."""
        if value is None:
            return None
        scheme, separator, rest = value.partition("://")
        if not separator or scheme not in {"postgres", "postgresql", "postgresql+psycopg"}:
            raise ValueError("must be a PostgreSQL address such as postgresql://user:password@host:5432/casework")
        return f"postgresql+psycopg://{rest}"

    @field_validator("smtp_relay")
    @classmethod
    def _host_and_port(cls, value: str | None) -> str | None:
        if value is None:
            return None
        host, _, port = value.rpartition(":")
        if not host or not port.isdigit() or not 0 < int(port) <= 65535:
            raise ValueError("must be host:port, for example mail.example.com:587")
        return value

    @property
    def accounts_file(self) -> Path:
        """The file with the provider accounts."""
        return self.accounts or self.data / "accounts.yaml"

    @property
    def temporal_ui_port(self) -> int:
        """Port of the Temporal Web UI of `up`."""
        return self.temporal_port + TEMPORAL_UI_PORT_OFFSET

    @property
    def mailbox_port(self) -> int:
        """Port of the simulators' mailbox."""
        return self.simulator_smtp_port or self.simulator_port + SIMULATOR_SMTP_PORT_OFFSET

    @property
    def inbox_url(self) -> str:
        """Where agents reach the inbox."""
        return (self.public_url or f"http://{self.http_host}:{self.http_port}").rstrip("/")

    @property
    def relay_address(self) -> tuple[str, int] | None:
        """Host and port of the mail relay."""
        if self.smtp_relay is None:
            return None
        host, _, port = self.smtp_relay.rpartition(":")
        return host, int(port)


def load_settings(**overrides: Any) -> Settings:
    """Reads the environment.

    Raises CommandError that names the first wrong variable.
    """
    try:
        return Settings(**overrides)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        name = "CASEWORK_" + "_".join(str(part) for part in first["loc"]).upper()
        secret = any(word in name for word in SECRET_WORDS)
        shown = "" if secret else f" (it is {first['input']!r})"
        raise CommandError(f"{name}: {first['msg'].removeprefix('Value error, ')}{shown}") from None


def require_database_url(settings: Settings) -> str:
    """The database address that is set, else that of the PostgreSQL which `casework up` runs in the same data folder.

    Raises CommandError where there is neither.
    """
    from workers.embedded import running_address

    url = settings.database_url or running_address(settings.data / "postgres")
    if url is None:
        raise CommandError(
            f"CASEWORK_DATABASE_URL is not set and no `casework up` runs on {settings.data}; set it to a PostgreSQL address, "
            "or run `casework up`, which brings its own"
        )
    return url
