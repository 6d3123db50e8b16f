"""Small files written whole or not at all, so that a crash or a full disk never leaves half of one; and secret ones,
which are read only where nobody but their owner can."""

from __future__ import annotations

import os
import stat
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


def read_private(path: Path, remedy: str, what: str = "key file") -> bytes:
    """A file that its owner alone can read. SetupError if it is absent, with the remedy, or open to others."""
    try:
        with path.open("rb") as file:
            _refuse_shared(path, stat.S_IMODE(os.fstat(file.fileno()).st_mode), what)
            return file.read()
    except FileNotFoundError as error:
        raise SetupError(f"{path}: there is no {what}; {remedy}") from error
    except OSError as error:
        raise SetupError(f"{path}: the {what} can not be read ({error.strerror}); run as its owner") from error


def read_password(path: Path, remedy: str) -> str:
    """The password that a file holds alone. SetupError as of `read_private`, or if it is no text or nothing."""
    try:
        password = read_private(path, remedy, "password file").decode().strip()
    # The cause quotes what could not be read.
    except UnicodeDecodeError:
        raise SetupError(f"{path}: the password file is no text in UTF-8; write the password there, alone") from None
    if not password:
        raise SetupError(f"{path}: the password file is empty; {remedy}")
    return password


def _refuse_shared(path: Path, mode: int, what: str) -> None:
    if mode & 0o077:
        raise SetupError(f"{path}: others can read this {what} (mode {mode:04o}); run `chmod 600 {path}`")


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
