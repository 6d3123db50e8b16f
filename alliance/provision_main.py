"""`python -m alliance.provision_main`: brings a cluster that others run to what the code declares, and makes the clock.

For a deployment; on one machine `afa up` does the same. The administrator logs in by AFA_KAFKA_*; each internal
principal's password is the file of its name in `secrets` under AFA_DATA_DIR. Must never make up a password, nor admit
a member.
"""

from __future__ import annotations

import sys

from alliance.broker.topics import Report
from alliance.clock import load_or_create
from alliance.embedded.datadir import DataDir
from alliance.errors import AfaError, SetupError
from alliance.kafka import probe
from alliance.principals import INTERNAL
from alliance.provision import provision
from alliance.settings import Settings

_REAL_TIME = 1.0


def run(settings: Settings) -> Report:
    """Raises SetupError if a password is missing: one made up here would be known to nobody."""
    login, data = settings.kafka_login(), DataDir(settings.data_dir)
    missing = [name for name in INTERNAL if not data.secret_file(name).is_file()]
    if missing:
        raise SetupError(f"{data.secrets}: no password of {', '.join(missing)}; put a file there for each.")
    probe(login)
    report = provision(login, (), data.secret, settings.partitions)
    load_or_create(settings.clock_file, _REAL_TIME)
    return report


def main() -> int:
    try:
        report = run(Settings())
    except AfaError as error:
        print(f"provision: {error}", file=sys.stderr)
        return 1
    for line in [*(f"created {name}" for name in report.created), *(f"corrected {what}" for what in report.corrected)]:
        print(f"provision: {line}", file=sys.stderr)
    for difference in report.drift:
        print(f"provision: left as it is: {difference}", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
