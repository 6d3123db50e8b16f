"""The alliance's rulebook: checked, and prepared so that what it says is one look-up.

A rulebook that contradicts itself, or would bar a lawful end, is refused before it is signed and where it is read.
"""

from __future__ import annotations

from alliance.rulebook.changes import changes
from alliance.rulebook.checks import objection
from alliance.rulebook.loading import parse, read, standard
from alliance.rulebook.permits import OUTCOME, Permits, asked_as, prepare
from alliance.rulebook.writing import written

__all__ = ["OUTCOME", "Permits", "asked_as", "changes", "objection", "parse", "prepare", "read", "standard", "written"]
