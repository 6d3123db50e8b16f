"""Small files written whole or not at all, so that a crash or a full disk never leaves half of one."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from alliance.errors import SetupError


def write_atomically(path: Path, data: bytes, *, mode: int, replace: bool = True) -> bool:
    """Put `data` at `path`. With `replace` false an existing file is left as it is, and the answer is False.

    Raises SetupError if the folder is missing, not writable or full.
    """
    try:
        handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
        try:
            with os.fdopen(handle, "wb") as file:
                os.fchmod(handle, mode)
                file.write(data)
                file.flush()
                os.fsync(handle)
            return _place(Path(name), path, replace)
        finally:
            Path(name).unlink(missing_ok=True)
    except OSError as error:
        raise SetupError(f"{path}: can not be written ({error.strerror}); check the folder and the disk") from error


def _place(written: Path, path: Path, replace: bool) -> bool:
    if replace:
        written.replace(path)
        return True
    try:
        # A link, unlike a rename, fails where the file exists: of two that create it at once, one wins.
        path.hardlink_to(written)
    except FileExistsError:
        return False
    return True
