"""The casebook's database: how to connect, and how to bring it to the present schema.

Whoever lists or signs connects here too; only the casebook and dispatch write what members and holds go by.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson
from sqlalchemy import Engine, create_engine, text
from sqlalchemy.exc import OperationalError

from alliance import tls
from alliance.errors import Refused, Retry, SetupError
from alliance.profiles import Profile

_MIGRATIONS = Path(__file__).with_name("migrations")
_MIGRATION_LOCK = 7_204_001
_BOUND = text("insert into stop_bound (most) values (:most) on conflict (one) do update set most = excluded.most")


def connect(url: str) -> Engine:
    """An engine on a libpq URL (`postgresql://…`). Raises SetupError if there is none."""
    if not url.startswith("postgresql://"):
        raise SetupError("AFA_DATABASE_URL is not a postgresql:// URL; start with `afa up`, or set it.")
    return create_engine(
        url.replace("postgresql://", "postgresql+psycopg://", 1),
        pool_size=2,
        pool_pre_ping=True,
        # An error is logged, and what was written is not for a log.
        hide_parameters=True,
        json_serializer=_dump,
        json_deserializer=orjson.loads,
    )


def migrate(engine: Engine) -> None:
    """Bring the schema to the present version; two processes that start at once take turns.

    Raises Retry, SetupError, and Refused for a server whose certificate is not believed.
    """
    # Whoever lists, signs or shows migrates nothing, and need not wait for this.
    from alembic import command
    from alembic.config import Config
    from alembic.util import CommandError

    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS))
    config.set_main_option("path_separator", "os")
    try:
        with engine.begin() as connection:
            connection.execute(text("select pg_advisory_xact_lock(:lock)"), {"lock": _MIGRATION_LOCK})
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
    except OperationalError as error:
        if said := tls.untrusted("PostgreSQL", str(error.orig), "sslrootcert of AFA_DATABASE_URL"):
            raise Refused(said) from error
        raise Retry(f"PostgreSQL can't be reached ({_first_line(error)}); check that it runs.") from error
    except CommandError as error:
        raise SetupError(f"The database is of another version ({error}); use the program that made it.") from error


def go_by(engine: Engine, profile: Profile) -> None:
    """Tell the database what it must refuse by itself, as the law of the place has it."""
    with engine.begin() as db:
        db.execute(_BOUND, {"most": profile.stop.most.value})


def _dump(value: Any) -> str:
    return orjson.dumps(value).decode()


def _first_line(error: OperationalError) -> str:
    return str(error.orig).splitlines()[0]
