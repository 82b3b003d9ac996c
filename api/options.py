"""What the API is told by whoever starts it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta


@dataclass(frozen=True)
class ApiOptions:
    """`public_url` is the address agents use (it decides on secure cookies), `temporal_ui_url` where the Temporal Web UI is.
    `admin_token` is accepted as admin without being stored. `message_size_limit` bounds a message, decoded, in bytes."""

    public_url: str = "http://127.0.0.1:8000"
    temporal_ui_url: str | None = None
    temporal_namespace: str = "default"
    admin_token: str | None = field(default=None, repr=False)
    message_size_limit: int = 25 * 1024 * 1024
    request_size_limit: int = 2 * 1024 * 1024
    """Bytes of any request but a message's."""
    chat_origins: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """By store: sites that may carry its chat widget beside those of the playbook."""
    decision_wait: timedelta = timedelta(seconds=5)
    decision_wait_limit: timedelta = timedelta(seconds=30)

    @property
    def is_secure(self) -> bool:
        """Whether agents come by https."""
        return self.public_url.startswith("https://")

    def workflow_link(self, workflow_id: str) -> str | None:
        """Where the Temporal Web UI shows a workflow."""
        if self.temporal_ui_url is None:
            return None
        return f"{self.temporal_ui_url.rstrip('/')}/namespaces/{self.temporal_namespace}/workflows/{workflow_id}"
