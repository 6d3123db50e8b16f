"""Fuzzes the intake's admission, guided by which branches an input reaches: `python -m tests.attacks.fuzz_intake`.

Takes libFuzzer's options, such as `-runs=1000000`. Ends at the first input that breaks admission, or on which it and
the oracle differ, and writes that input beside where it runs.
"""

from __future__ import annotations

import sys

import atheris

with atheris.instrument_imports(include=["alliance.admission", "alliance.keys", "schemas"]):
    from tests.attacks.mutants import judge


def one_input(data: bytes) -> None:
    judge(data)


if __name__ == "__main__":
    atheris.Setup(sys.argv, one_input)
    atheris.Fuzz()
