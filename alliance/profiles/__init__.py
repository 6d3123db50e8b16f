"""The profile of a place: what its law allows, as data. Every value cites its source or says that it is unverified.

A profile that contradicts itself, or a value that rests on nothing, is refused at start. Must never hold a rule that is
the same everywhere, but for those against which a profile is checked.
"""

from __future__ import annotations

from alliance.profiles.loading import DEFAULT, checked, load, names, parse
from alliance.profiles.model import Profile

__all__ = ["DEFAULT", "Profile", "checked", "load", "names", "parse"]
