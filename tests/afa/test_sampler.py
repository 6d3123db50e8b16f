"""What a sample asks of the metrics pages is what the processes show there."""

from __future__ import annotations

import pytest
from prometheus_client import REGISTRY

import alliance.metrics  # noqa: F401 — declares them
from afa import sampler


@pytest.mark.parametrize("name", [value for name, value in vars(sampler).items() if str(value).startswith("afa_")])
def test_a_sampled_metric_exists(name: str) -> None:
    assert name.removesuffix("_total") in {family.name for family in REGISTRY.collect()}
