"""What a run tells others of itself: its processes, where their metrics are, since when the services have been up, and
by which law it goes.

Written by `afa up` alone, read by every other command; whether the run still lives is told by the folder's lock, not by
this file.
"""

from __future__ import annotations

import os
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from alliance import profiles
from alliance.embedded.datadir import DataDir, write_private
from alliance.errors import SetupError


class Process(BaseModel):
    """One process of a run. `metrics_port` is 0 where it has none."""

    model_config = ConfigDict(frozen=True)

    name: str
    pid: int
    metrics_port: int = 0


class RunFile(BaseModel):
    """`up_since` is Unix wall time at which the services answered."""

    model_config = ConfigDict(frozen=True)

    pid: int
    up_since: float
    processes: list[Process]
    profile: str = profiles.DEFAULT

    def save(self, data: DataDir) -> None:
        write_private(_path(data), self.model_dump_json(indent=2) + "\n")


def load(data: DataDir) -> RunFile | None:
    """The file of the run that holds the folder now; None if none does, or if it is still starting."""
    holder, path = data.holder(), _path(data)
    if holder is None or not path.exists():
        return None
    try:
        run = RunFile.model_validate_json(path.read_bytes())
    except ValidationError as error:
        raise SetupError(f"{path} is of another version; stop the run with `afa down` and start it again.") from error
    return run if run.pid == holder else None


def is_alive(process: Process) -> bool:
    try:
        os.kill(process.pid, 0)
    except ProcessLookupError:
        return False
    return True


def forget(data: DataDir) -> None:
    _path(data).unlink(missing_ok=True)


def _path(data: DataDir) -> Path:
    return data.path / "run.json"
