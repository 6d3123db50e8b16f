"""Whether two spellings can name one person or firm: what a payer typed, and what the bank has in its books.

Pure. A mismatch keeps a stop from an innocent's account, so that only what contradicts is one: what can't be told from
the letters, as a name in another script, is a person's to compare.
"""

from __future__ import annotations

import re
import unicodedata

from schemas.answers import Comparison

_HIDDEN = frozenset("*＊某●○×")
"""As apps show a payee to its payer: 张*, *伟."""


def compare_names(told: str, kept: str) -> Comparison:
    """A hidden part of what was told stands for one character or more."""
    said, ours = _bare(told), _bare(kept)
    if not ours or not said.strip("*"):
        return Comparison.NOT_COMPARABLE
    if _scripts(said).isdisjoint(_scripts(ours)):
        return Comparison.NOT_COMPARABLE
    return Comparison.MATCH if _fits(said, ours) else Comparison.MISMATCH


def _bare(name: str) -> str:
    """Letters and digits alone, of one width and case; what is hidden as `*`."""
    text = "".join("*" if each in _HIDDEN else each for each in name)
    settled = unicodedata.normalize("NFKC", text).casefold()
    shown = "".join(each for each in settled if each == "*" or each.isalnum())
    return re.sub(r"\*+", "*", shown)


def _scripts(name: str) -> set[str]:
    """By the first word of each letter's Unicode name: LATIN, CJK, THAI."""
    return {unicodedata.name(each, "?").partition(" ")[0] for each in name if each != "*"}


def _fits(said: str, ours: str) -> bool:
    shown = said.split("*")
    if len(shown) == 1:
        return said == ours
    place = 0
    for number, part in enumerate(shown):
        last = number == len(shown) - 1
        found = len(ours) - len(part) if last else ours.find(part, place)
        if found < place or not ours.startswith(part, found) or (number == 0 and found != 0):
            return False
        # A hidden character follows each part but the last.
        place = found + len(part) + (not last)
    return True
