"""Whether two spellings can name one person or firm: what a payer typed, and what the bank has in its books.

Pure. A mismatch keeps a stop from an innocent's account, and a match lets a mandate stop it, so that neither is
guessed: what can't be told from the letters, as a name in another script, is a person's to compare. It knows no other
spelling of a character: 張 is not 张.
"""

from __future__ import annotations

import re
import unicodedata

from schemas.answers import Comparison

_HIDDEN = frozenset("*＊某●○×")
"""As apps show a payee to its payer: 张*, *伟."""
_BESIDE = re.compile(r"\([^)]*\)|(?:先生|女士|小姐)\s*$")


def compare_names(told: str, kept: str) -> Comparison:
    """A hidden part of what was told stands for one character or more."""
    said, ours = _bare(told), _bare(kept)
    if not ours or not said.strip("*"):
        return Comparison.NOT_COMPARABLE
    if _scripts(said).isdisjoint(_scripts(ours)):
        return Comparison.NOT_COMPARABLE
    if _fits(said, ours):
        return Comparison.MATCH
    # The same letters in another order are often the names of one person the other way round.
    return Comparison.NOT_COMPARABLE if sorted(said) == sorted(ours) else Comparison.MISMATCH


def _bare(name: str) -> str:
    """Letters with their marks, and digits, of one width and case, without accents, titles and what is in parentheses;
    what is hidden as `*`."""
    text = "".join("*" if each in _HIDDEN else each for each in name)
    settled = _BESIDE.sub("", unicodedata.normalize("NFKC", text)).casefold()
    kept = (_plain(each) for each in settled if each == "*" or each.isalnum() or unicodedata.category(each)[0] == "M")
    return re.sub(r"\*+", "*", "".join(kept))


def _plain(letter: str) -> str:
    base = unicodedata.normalize("NFKD", letter)[0]
    return base if _script(base) == "LATIN" else letter


def _scripts(name: str) -> set[str]:
    return {_script(each) for each in name if each != "*" and not each.isdigit()}


def _script(letter: str) -> str:
    """By the first word of its Unicode name: LATIN, CJK, THAI."""
    return unicodedata.name(letter, "?").partition(" ")[0]


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
