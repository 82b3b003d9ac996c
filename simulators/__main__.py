"""Start the stand-in providers: `python -m simulators --help`."""

import argparse
import sys
from pathlib import Path

import uvicorn
from pydantic import ValidationError

from simulators.app import create_app


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m simulators",
        description="Stand-ins for BigCommerce, ShipStation, Xero and the outside mailbox.",
    )
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default %(default)s)")
    parser.add_argument("--port", type=int, default=8100, help="HTTP port (default %(default)s)")
    parser.add_argument("--smtp-port", type=int, default=2526, help="port that takes mail (default %(default)s)")
    parser.add_argument("--data", type=Path, help="folder of the state; without it the state is lost at the end")
    parser.add_argument("--webhook-url", help="address of Casework (http://127.0.0.1:8000): webhooks, chat of the shops")
    start = parser.add_mutually_exclusive_group()
    start.add_argument("--world", type=Path, help="world document to start with when the folder holds no state")
    start.add_argument("--empty", action="store_true", help="start with one store and nothing in it")
    return parser.parse_args()


def main() -> int:
    """Run until stopped; 2 when the world document cannot be used."""
    arguments = _arguments()
    try:
        app = create_app(
            arguments.data,
            world=arguments.world,
            empty=arguments.empty,
            smtp_host=arguments.host,
            smtp_port=arguments.smtp_port,
            webhook_url=arguments.webhook_url,
        )
    except (OSError, ValidationError) as error:
        print(f"simulators: the world cannot be loaded: {error}", file=sys.stderr)
        return 2
    # The limit lets a stop end open keep-alive connections instead of waiting for them.
    uvicorn.run(
        app,
        host=arguments.host,
        port=arguments.port,
        log_level="warning",
        proxy_headers=False,
        timeout_graceful_shutdown=3,
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
