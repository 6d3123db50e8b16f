"""Whatever is searched for is found, however it is written; and what is not there is not found."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.trust.finder import Finder, Value
from tests.trust.spellings import SPELLINGS

VALUES = (
    Value("number", "13812345678"),
    Value("presented-number", "00019610"),
    Value("account", "6222021234567890128"),
    Value("person", "14012119800203123X"),
    Value("device", "861234567890123"),
    Value("sim", "8986001234567890123"),
    Value("payment-account", "jf123456789012"),
    Value("transfer-serial", "TY00001S00042"),
    Value("trunk", "TY-GW-042/7"),
    Value("ip", "36.96.17.204"),
    Value("handle", "chat/teacher-lin0042317"),
    Value("url", "https://goldfund0042317.example"),
    Value("app", "com.goldfund0042317.app"),
    Value("name", "王丽华"),
)
FINDER = Finder(VALUES)


@pytest.mark.parametrize("value", VALUES, ids=str)
@settings(max_examples=40, deadline=None)
@given(before=st.binary(max_size=9), after=st.binary(max_size=9), how=st.sampled_from(sorted(SPELLINGS)))
def test_each_value_is_found_in_each_spelling_wherever_it_stands(
    value: Value, before: bytes, after: bytes, how: str
) -> None:
    assert value in FINDER.find(before + b"\n" + SPELLINGS[how](value.text) + b"\n" + after), how


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("+8613812345678", VALUES[0]),
        ("0086 138-1234-5678", VALUES[0]),
        ("(086)138 1234 5678", VALUES[0]),
        ("013812345678", VALUES[0]),
        ("tel:13812345678;", VALUES[0]),
        ("6222 0212 3456 7890 128", VALUES[2]),
        ("20261126622202123456789012800", VALUES[2]),
        ("14012119800203123x", VALUES[3]),
        ("140121 19800203 123X", VALUES[3]),
        ("86123456789012", VALUES[4]),
        ("86-123456-789012-3", VALUES[4]),
        ("teacher-LIN0042317", VALUES[10]),
        ("goldfund0042317.example/pay?x=1", VALUES[11]),
    ],
)
def test_other_spellings_of_the_same_are_found(written: str, meant: Value) -> None:
    assert meant in FINDER.find(written.encode())


@pytest.mark.parametrize(
    "written",
    [
        "1738123456781",
        "0.13812345678123",
        "238123456789",
        "000196100",
        "36.96.17.20",
        "teacher-lin00423171",
        "TY-GW-04/27",
    ],
)
def test_what_only_looks_like_it_is_not_found(written: str) -> None:
    assert FINDER.find(written.encode()) == set()


@given(st.binary(max_size=200))
def test_bytes_of_chance_hold_nothing(data: bytes) -> None:
    assert FINDER.find(data) == set()
