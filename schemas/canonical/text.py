"""Text as people and systems type it, made comparable: width, case, invisible characters, separators.

Nothing here knows any kind of identifier, and nothing here may depend on locale or environment.
"""

from __future__ import annotations

import re
import unicodedata

from schemas.canonical.form import malformed

MAX_LENGTH = 512

# Default-ignorable code points that are not of category Cf: joiners, selectors and fillers that no reader sees.
_INVISIBLE = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u180b\u180c\u180d\u180f\u3164\uffa0")
_DOTS = frozenset(".·•・‧")
_ALNUM = re.compile(r"[0-9A-Z]+")


def clean(value: str) -> str:
    """NFKC, without invisible characters and outer spaces; inner runs of spaces become one."""
    if len(value) > MAX_LENGTH:
        raise malformed(f"longer than {MAX_LENGTH} characters; give the identifier alone")
    if not value.isascii():
        value = _settle(value)
    text = " ".join(value.split())
    if not text.isprintable():
        raise malformed("holds a control character or an unpaired surrogate; give plain text")
    return text


def fold(text: str) -> str:
    """Caseless form, stable under repetition."""
    while True:
        folded = " ".join(_settle(text.casefold()).split())
        if folded == text:
            return text
        text = folded


def _settle(text: str) -> str:
    # Dropping a character can bring two others together that then compose, so once is not always enough.
    while True:
        after = unicodedata.normalize("NFKC", "".join(char for char in text if not _is_invisible(char)))
        if after == text:
            return text
        text = after


def _is_invisible(char: str) -> bool:
    return unicodedata.category(char) == "Cf" or char in _INVISIBLE or "\ufe00" <= char <= "\ufe0f"


def plain_dashes(text: str) -> str:
    if text.isascii():
        return text
    return "".join("-" if unicodedata.category(char) == "Pd" else char for char in text)


def compact(text: str) -> str:
    """Without spaces, dashes of any sort and dots; digits of any script as 0-9."""
    if text.isascii():
        return text.replace(" ", "").replace("-", "").replace(".", "")
    kept = (char for char in text if not (char.isspace() or unicodedata.category(char) == "Pd" or char in _DOTS))
    return "".join(str(unicodedata.decimal(char, char)) for char in kept)


def is_digits(text: str) -> bool:
    return text.isascii() and text.isdigit()


def digits(text: str, shortest: int, longest: int, what: str) -> str:
    """`text` as bare digits; `what` names the thing in the error."""
    bare = compact(text)
    if not is_digits(bare):
        hint = "; a masked one can not be matched, give it whole" if "*" in bare else "; give its digits alone"
        raise malformed(f"{what} holds something other than digits{hint}")
    if not shortest <= len(bare) <= longest:
        raise malformed(f"{what} has {len(bare)} digits instead of {shortest} to {longest}; give it whole")
    return bare


def alnum(text: str, shortest: int, longest: int, what: str) -> str:
    """`text` as upper-case letters and digits, separators removed."""
    bare = compact(text).replace("_", "").replace("/", "").upper()
    if not _ALNUM.fullmatch(bare):
        raise malformed(f"{what} holds something other than letters and digits; give it as it was issued")
    if not shortest <= len(bare) <= longest:
        raise malformed(f"{what} has {len(bare)} characters instead of {shortest} to {longest}; give it whole")
    return bare


def opaque(text: str, shortest: int, longest: int, what: str) -> str:
    """`text` caseless and without spaces: an id whose inside is its issuer's business."""
    # Spaces go before folding: an accent that stood behind one joins the letter before it.
    bare = fold(plain_dashes(text).replace(" ", ""))
    if not shortest <= len(bare) <= longest:
        raise malformed(f"{what} has {len(bare)} characters instead of {shortest} to {longest}; give it whole")
    return bare
