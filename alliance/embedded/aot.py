"""What every JVM would do anew as it starts the broker, recorded once: with it a start costs less than half.

`python -m alliance.embedded.aot` records it in the cache, unless it is there. A broker that finds nothing, or what is
of another JVM or of other jars, starts all the same: it only takes longer.
"""

from __future__ import annotations

import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from alliance.embedded.datadir import DataDir
from alliance.embedded.jars import start_record
from alliance.embedded.kafka import EmbeddedKafka
from alliance.errors import AfaError
from alliance.settings import Settings


def record(cache_dir: Path) -> None:
    """Start a broker that writes down its start, and let it end. SetupError or ServiceDied say what is wrong."""
    file = start_record(cache_dir)
    if file.exists():
        return
    # Beside its place, since a half of it must never be there.
    with TemporaryDirectory(dir=file.parent) as folder, DataDir(Path(folder) / "data") as data:
        made = Path(folder) / file.name
        broker = EmbeddedKafka(data, cache_dir, record_to=made)
        broker.start()
        broker.stop()
        if made.exists():
            made.replace(file)


def main() -> int:
    try:
        record(Settings().cache_dir)
    except (AfaError, OSError) as error:
        print(f"The broker's start was not recorded, and will take longer: {error}", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
