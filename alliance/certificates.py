"""`python -m alliance.certificates`: certificates of a deployment's servers, by a private authority, for trials.

Run again it renews what is near its end or lacks a name, and leaves the rest as it is; a name stays until its file is
removed. Real certificates lie in a folder of the same file names instead.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path

from alliance.clock import wall_now
from alliance.errors import AfaError, SetupError
from alliance.files import write_atomically
from alliance.issuing import CertificateAuthority

_HERE = ("localhost", "127.0.0.1")
SERVERS: dict[str, tuple[str, ...]] = {"broker": ("kafka", *_HERE), "database": ("postgres", *_HERE), "metrics": _HERE}
"""Each server's file, and the names by which `docker-compose.yml` calls it."""
VALID, RENEW_BEFORE = timedelta(days=397), timedelta(days=30)
_AUTHORITY, _AUTHORITY_VALID = "Anti-Fraud Alliance Matrix, trial authority", timedelta(days=3650)


def make(folder: Path, names: Mapping[str, Sequence[str]], now: datetime) -> list[str]:
    """Bring the folder to an authority, and a certificate of each server that is good for a while; what was made.

    `names` are those by which a server is known beside its usual ones. Raises SetupError.
    """
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise SetupError(f"{folder}: can not be made ({error.strerror}); choose another by --out.") from error
    authority, made = _authority(folder, now)
    for server, usual in SERVERS.items():
        file = folder / f"{server}.pem"
        has, end = (file.exists() and authority.issued(file.read_bytes())) or ([], now)
        wanted = list(dict.fromkeys((*usual, *has, *names.get(server, ()))))
        if set(wanted) <= set(has) and end > now + RENEW_BEFORE:
            continue
        until = min(now + VALID, authority.end)
        try:
            write_atomically(file, authority.issue(server, wanted, now, until), mode=0o600)
        except ValueError as error:
            raise SetupError(f"{', '.join(wanted)}: not all of these are names of a server ({error}).") from error
        made.append(f"{file}, for {', '.join(wanted)}, until {until:%Y-%m-%d}")
    return made


def _authority(folder: Path, now: datetime) -> tuple[CertificateAuthority, list[str]]:
    key_file, file = folder / "ca.key", folder / "ca.pem"
    if not key_file.exists() and not file.exists():
        authority = CertificateAuthority.new(_AUTHORITY, now, now + _AUTHORITY_VALID)
        write_atomically(key_file, authority.key_pem(), mode=0o600)
        # No secret: whoever connects reads it.
        write_atomically(file, authority.pem(), mode=0o644)
        return authority, [f"{file}, which whoever connects must have, and {key_file}, which nobody else may have"]
    remedy = f"remove {file} and {key_file}, run this again, and give the new {file.name} to whoever connects"
    try:
        authority = CertificateAuthority.load(key_file.read_bytes(), file.read_bytes())
    except OSError as error:
        raise SetupError(f"{error.filename}: can not be read ({error.strerror}); {remedy}.") from error
    except ValueError:
        raise SetupError(f"{folder}: these are no key and certificate of an authority made here; {remedy}.") from None
    if authority.end < now + RENEW_BEFORE:
        raise SetupError(f"{file}: this authority ends on {authority.end:%Y-%m-%d}; {remedy}.")
    return authority, []


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m alliance.certificates", description="A private authority and its servers' certificates."
    )
    parser.add_argument("--out", type=Path, default=Path("deploy/secrets/tls"), help="the folder to keep them in")
    for server in SERVERS:
        parser.add_argument(f"--{server}", action="append", default=[], metavar="NAME", help=f"a name of the {server}")
    chosen = vars(parser.parse_args(arguments))
    try:
        made = make(chosen["out"], {server: chosen[server] for server in SERVERS}, wall_now())
    except AfaError as error:
        print(f"certificates: {error}", file=sys.stderr)
        return 1
    for line in made or ["nothing to do: all of them are good for a while"]:
        print(f"certificates: {line}", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
