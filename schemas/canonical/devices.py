"""What was used: SIMs, handsets, terminals, trunks, network addresses."""

from __future__ import annotations

import ipaddress
import re

from stdnum import luhn

from schemas.canonical.form import CanonicalError, Form, malformed
from schemas.canonical.placeholders import refuse_filler
from schemas.canonical.text import alnum, compact, fold, is_digits, opaque, plain_dashes

_MAC = re.compile(r"(?:[0-9a-f]{2}[:-]){5}[0-9a-f]{2}|(?:[0-9a-f]{4}\.){2}[0-9a-f]{4}")
_UUID = re.compile(r"\{?([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\}?")
_OPAQUE = re.compile(r"[0-9a-z_.:-]{8,128}")
_SHARED_NETWORKS = tuple(
    ipaddress.ip_network(block)
    for block in ("10.0.0.0/8", "100.64.0.0/10", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7")
)


def sim(text: str) -> Form:
    """An ICCID (19 or 20 digits from 89, ITU-T E.118) or an IMSI (14 or 15 digits)."""
    bare = compact(text).upper()
    # Cards store an odd number of digits with a filler F.
    bare = bare.removesuffix("F")
    if not is_digits(bare):
        raise malformed("a SIM holds something other than digits; give its ICCID or IMSI")
    refuse_filler(bare)
    if bare.startswith("89") and len(bare) in (19, 20):
        return Form(bare, () if luhn.is_valid(bare) else ("luhn",))
    if len(bare) in (14, 15):
        return Form(bare)
    raise malformed(f"a SIM has {len(bare)} digits; an ICCID has 19 or 20 and begins with 89, an IMSI 14 or 15")


def device(text: str) -> Form:
    """An IMEI as its first 14 digits (the check digit is often left out), a MAC address, a UUID, or an opaque id."""
    folded = plain_dashes(fold(text))
    if _MAC.fullmatch(folded):
        return _known_device(re.sub(r"[:.-]", "", folded))
    if match := _UUID.fullmatch(folded):
        return _known_device(match[1].replace("-", ""))
    bare = compact(folded)
    if is_digits(bare) and len(bare) in (14, 15):
        warnings = ("luhn",) if len(bare) == 15 and not luhn.is_valid(bare) else ()
        refuse_filler(bare)
        return Form(bare[:14], warnings)
    if not _OPAQUE.fullmatch(folded):
        raise malformed("no IMEI, MAC address, UUID or id of 8 to 128 letters, digits, '_', '.', ':' and '-'")
    return _known_device(folded)


def _known_device(bare: str) -> Form:
    refuse_filler(bare)
    return Form(bare)


def trunk(text: str) -> Form:
    return Form(opaque(text, 2, 128, "a trunk"))


def terminal(text: str) -> Form:
    bare = alnum(text, 4, 64, "a terminal")
    refuse_filler(bare)
    return Form(bare)


def ip(text: str) -> Form:
    """A public address. One that a million homes share (private, loopback, carrier-grade NAT) is a placeholder."""
    try:
        address = ipaddress.ip_address(text.removeprefix("[").removesuffix("]"))
    except ValueError as error:
        raise malformed("not an IP address; give it alone, without a port or a mask") from error
    if isinstance(address, ipaddress.IPv6Address):
        if address.scope_id is not None:
            raise malformed("an IP address with a zone means something on one machine only; give the public address")
        address = address.ipv4_mapped or address
    if address.is_loopback or address.is_unspecified or address.is_link_local or address.is_multicast:
        raise CanonicalError("placeholder", "an IP address that names no host; leave it out, or give the public one")
    if any(address in network for network in _SHARED_NETWORKS):
        raise CanonicalError("placeholder", "a private IP address, which many share; give the public one")
    return Form(address.compressed)
