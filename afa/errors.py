"""The outermost layer of the command line: whatever goes wrong leaves as one sentence on stderr and an exit code.

0 done, 1 failed, 2 wrong usage, 130 interrupted. A traceback must never reach a user.
"""

from __future__ import annotations

import logging
import sys
from typing import Any

import psycopg
import sqlalchemy.exc
import structlog
import typer
from kafka.errors import KafkaError
from pydantic import ValidationError
from typer.core import TyperGroup

from alliance import logs
from alliance.errors import AfaError

_SILENT = logging.CRITICAL + 1


class Group(TyperGroup):
    """A typer group whose commands may raise any error of the project."""

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except (typer.TyperException, typer.Exit, typer.Abort, BrokenPipeError):
            # Typer's own: wrong usage, an exit code, a reader such as `head` that has had enough.
            raise
        except Exception as error:
            complain(_sentence(error))
            raise typer.Exit(1) from error


def complain(sentence: str) -> None:
    print(f"afa: {sentence}", file=sys.stderr, flush=True)


def quiet_libraries() -> None:
    """Stdout belongs to results: logs go to stderr, and the Kafka client's chatter nowhere.

    What it would tell — a broker that is gone, a password in the clear on 127.0.0.1 — we say ourselves, once.
    """
    for library in ("kafka", "aiokafka"):
        logging.getLogger(library).setLevel(_SILENT)
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="%H:%M:%S", utc=False),
            logs.console(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )


def _sentence(error: Exception) -> str:
    match error:
        case AfaError():
            return str(error)
        case KafkaError():
            return f"Kafka does not answer as it should ({_brief(error)}); see `afa status`, and data/log/kafka.log."
        case ValidationError():
            first = error.errors(include_url=False, include_input=False)[0]
            return f"{'.'.join(str(part) for part in first['loc'])}: {first['msg']}; see `--help`."
        case psycopg.Error() | sqlalchemy.exc.DBAPIError():
            return f"PostgreSQL does not answer as it should ({_brief(error)}); see `afa status`."
        case OSError():
            return f"{error.filename or 'The system'}: {error.strerror or error}; check the path, rights and disk."
    return f"This is a fault of the program: {_brief(error)}, at {_place(error)}; please report it with this line."


def _brief(error: Exception) -> str:
    lines = str(error).strip().splitlines()
    return f"{type(error).__name__}: {lines[0]}" if lines else type(error).__name__


def _place(error: Exception) -> str:
    last = error.__traceback__
    while last is not None and last.tb_next is not None:
        last = last.tb_next
    return f"{last.tb_frame.f_code.co_filename}:{last.tb_lineno}" if last else "an unknown place"
