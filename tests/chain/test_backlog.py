"""What piled up while no worker ran is worked off in bounded memory, however much it is."""

from __future__ import annotations

from pathlib import Path

import pytest

from afa.programs import Place, hub
from afa.supervisor import Supervisor
from tests.chain.backlog import MB, send
from tests.chain.processes import Processes
from tests.streams.idle import lag

pytestmark = [pytest.mark.services, pytest.mark.chaos, pytest.mark.timeout(3600)]

MORE_MB = 60
"""What ten times the backlog may cost a worker in memory: what is in flight at most (32 MB), and the heap's noise."""
TIMEOUT_S = 1200


def test_ten_times_the_backlog_takes_no_more_memory(run: Supervisor, faults: int) -> None:
    """100 MB, or a gigabyte with `--faults 100`."""
    size = max(100, 10 * faults) * MB
    few, many = peak_mb(run, size // 10), peak_mb(run, size)
    assert many < few + MORE_MB, f"{few} MB at {size // 10 // MB} MB of backlog, {many} MB at {size // MB} MB"


def peak_mb(run: Supervisor, size: int) -> int:
    """The most memory that a worker has had when it has worked off so many bytes."""
    login, data = run.services.admin, run.services.data
    send(login, data, size)
    worker = hub(Place(data, run.services.bootstrap, run.services.database_url), 1)[0]
    chain = Processes(run, [worker])
    try:
        assert chain.until(lambda: not lag(login), TIMEOUT_S), lag(login)
        assert not chain.own_deaths
        status = Path(f"/proc/{chain.pid(worker.name)}/status").read_text()
    finally:
        chain.stop()
    (peak,) = (line.split()[1] for line in status.splitlines() if line.startswith("VmHWM:"))
    return int(peak) // 1024
