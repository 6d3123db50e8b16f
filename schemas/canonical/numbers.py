"""Telephone numbers: E.164, China by default; service numbers keep a form of their own, `short:95588`.

What joins is only a number that one subscriber answers. 106 message ports, 400 and 800 numbers and service codes are
shared by many and never join. Privacy (AXB) numbers never should either, but they are ordinary mobile numbers in ranges
that nobody publishes: their digits do not give them away, so the carrier or the platform must say it.
"""

from __future__ import annotations

import re

import phonenumbers
from phonenumbers import NumberParseException, PhoneNumberFormat, ValidationResult

from schemas.canonical.form import CanonicalError, Form, impossible, malformed
from schemas.canonical.placeholders import refuse_filler, refuse_words
from schemas.canonical.text import compact, is_digits, opaque

_REGION = "CN"
_CHINA = 86
_SHORT_PREFIX = "short:"
_RAW_PREFIX = "raw:"
# Allocated to mobile service whatever the last digits are: most numbers, and twenty times faster than the full rules.
_MOBILE = re.compile(r"(?:\+86|0086)?(1[38]\d{9}|1[59][0-35-9]\d{8})")
_EXTENSION = re.compile(r"^(.*?)\s*(?:ext\.?|extension|x|#|;ext=|转|分机)\s*:?\s*(\d{1,7})$", re.IGNORECASE)
_SERVICE = re.compile(r"11[0249]|12[02]|100\d\d|1010\d{4}|12\d{3}|95\d{3,6}|96\d{3,4}|[48]00\d{7}")
# An area code before a five-digit service code, as exchanges present it; a subscriber's number is always longer.
_AREA_AND_SERVICE = re.compile(r"(?:10|2\d|[3-9]\d\d)(100\d\d|12\d{3}|9[56]\d{3})")
_MESSAGE_PORT = re.compile(r"106\d{5,17}")
# Ten digits with the area code is the shortest subscriber's number in China; of those, only Beijing's begin with 1.
_SHORTEST = 10
_BEIJING = "10"
_PUNCTUATION = str.maketrans("", "", "()[]/")


def is_joinable_number(canonical_value: str) -> bool:
    """Whether a canonical number belongs to one subscriber, so that two alerts that name it speak of the same one."""
    return canonical_value.startswith("+")


def number(text: str) -> Form:
    """A number that exists: impossible ones are refused."""
    dialled, extension = _without_extension(text)
    if match := _MOBILE.fullmatch(dialled):
        refuse_filler(match[1])
        return Form(f"+86{match[1]}", extension)
    if service := _service_number(dialled):
        return Form(service[0], service[1] + extension)
    form = _e164(dialled)
    return Form(form.value, form.warnings + extension)


def presented_number(text: str) -> Form:
    """What a caller id showed, which may be forged: what is no number stays `raw:<what was shown>`, with a warning."""
    try:
        return number(text)
    except CanonicalError as error:
        if error.reason == "placeholder":
            raise
        return Form(_RAW_PREFIX + _shown(text.removeprefix(_RAW_PREFIX)), ("impossible",))


def _shown(text: str) -> str:
    bare = re.sub(r"^(?:00)+", "", compact(text.translate(_PUNCTUATION)).removeprefix("+"))
    shown = bare if is_digits(bare) else opaque(text, 1, 64, "a presented number")
    refuse_words(shown)
    refuse_filler(shown)
    return shown


def _without_extension(text: str) -> tuple[str, tuple[str, ...]]:
    # Japanese-style and Chinese exchange extensions ("转 801") are unknown to phonenumbers, so all are cut here.
    if match := _EXTENSION.match(text):
        return _dialled(match[1]), ("extension-dropped",)
    return _dialled(text), ()


def _dialled(text: str) -> str:
    return compact(text.removeprefix("tel:").replace("(0)", "").translate(_PUNCTUATION))


def _service_number(dialled: str) -> tuple[str, tuple[str, ...]] | None:
    bare = dialled.removeprefix(_SHORT_PREFIX)
    national = re.sub(r"^(?:\+86|0086)0?|^0(?!0)", "", bare)
    if _SERVICE.fullmatch(national):
        return _SHORT_PREFIX + national, ()
    prefixed = national != bare
    if prefixed and (match := _AREA_AND_SERVICE.fullmatch(national)):
        return _SHORT_PREFIX + match[1], ()
    if not _MESSAGE_PORT.fullmatch(national):
        return None
    if len(national) != _SHORTEST:
        return _SHORT_PREFIX + national, ()
    # 010-6xxxxxxx is a Beijing line; the same ten digits with neither 0 nor +86 are a message port.
    return None if prefixed else (_SHORT_PREFIX + national, () if bare != dialled else ("ambiguous-106",))


def _refuse_impossible_in_china(national: str) -> None:
    # The library's tables also allow local numbers and leave room; a number cut short would join nothing, in silence.
    if len(national) < _SHORTEST:
        raise impossible(f"{len(national)} digits are too few for a number in China; give it with its area code")
    if len(national) == _SHORTEST and national[0] == "1" and not national.startswith(_BEIJING):
        raise impossible("a mobile number in China has 11 digits, this one has 10; give it whole")


def _e164(dialled: str) -> Form:
    if not is_digits(dialled.removeprefix("+")):
        raise malformed("a number holds something other than digits and separators; give it as it is dialled")
    try:
        parsed = phonenumbers.parse(re.sub(r"^00", "+", dialled), _REGION)
    except NumberParseException as error:
        raise impossible("not a telephone number; give it with its country or area code") from error
    national = phonenumbers.national_significant_number(parsed)
    refuse_filler(national)
    if parsed.country_code == _CHINA:
        _refuse_impossible_in_china(national)
    if phonenumbers.is_possible_number_with_reason(parsed) != ValidationResult.IS_POSSIBLE:
        raise impossible(f"no number under +{parsed.country_code} has this length; give it with its area code")
    warnings = () if phonenumbers.is_valid_number(parsed) else ("unassigned",)
    return Form(phonenumbers.format_number(parsed, PhoneNumberFormat.E164), warnings)
