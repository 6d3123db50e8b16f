"""Files that an import writes beside its own: the bad rows, and the event ids of the good ones.

Personal data, as the input is. Must never take away a file that is somebody's own.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any, BinaryIO

import orjson

from alliance.errors import SetupError


def written(value: Any, option: int = 0) -> bytes:
    """As JSON; `option` as orjson takes it."""
    try:
        return orjson.dumps(value, option=option)
    except orjson.JSONEncodeError:
        # An integer beyond 64 bits, for which the row is refused; until then it is a row like others.
        return json.dumps(value, ensure_ascii=False).encode()


def check_ids(path: Path, alerts: Path) -> None:
    """SetupError unless event ids may be written there: over no alerts, and in the place of such a file alone."""
    if path.resolve() == alerts.resolve():
        raise SetupError(f"{path}: the ids can not be written over the alerts; name another file for them")
    if path.exists() and not _has_ids(path):
        raise SetupError(f"{path}: there already, and holds no event ids; name another file for them")


def _has_ids(path: Path) -> bool:
    """Whether an earlier import wrote it, or it is empty."""
    if not path.is_file():
        return False
    try:
        with path.open("rb") as file:
            first = file.readline(200)
        return not first or set(orjson.loads(first)) == {"line", "id"}
    except (OSError, ValueError, TypeError):
        return False


class Aside:
    """A side file, made by its first line; one of an earlier import is replaced."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: BinaryIO | None = None

    def write(self, said: dict[str, Any]) -> None:
        try:
            if self._file is None:
                # Personal data, as the input: into a file of our own alone, and through no link that another has laid.
                handle = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
                self._file = os.fdopen(handle, "wb")
            self._file.write(written(said) + b"\n")
        except OSError as error:
            raise SetupError(
                f"{self._path}: nothing can be put aside there ({error.strerror}); make room or name another file"
            ) from error

    def __enter__(self) -> Aside:
        try:
            self._path.unlink(missing_ok=True)
        except OSError as error:
            raise SetupError(
                f"{self._path}: what an earlier import put aside can not be taken away ({error.strerror}); import the "
                "file from a folder in which you may write"
            ) from error
        return self

    def __exit__(self, *exc: object) -> None:
        if self._file is not None:
            self._file.close()
