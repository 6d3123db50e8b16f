"""The signatures of a fuzzer's bundles: mostly the member's own, over the bytes as they are, else one with a flaw.

Keys and headers are made once. What is signed twice, here and by the oracle, is worked out once, which Ed25519 allows:
it is deterministic (RFC 8032, 5.1.6).
"""

from __future__ import annotations

import json
from base64 import urlsafe_b64encode
from collections.abc import Callable
from functools import lru_cache

from alliance.keys.store import MemberKeys
from tests.attacks.choices import Choices
from tests.streams.bundles import KEYS, OFFICER, STRANGER

SignsWith = Callable[[bytes], bytes]


def _signs(keys: MemberKeys) -> SignsWith:
    return lru_cache(maxsize=2)(keys.signing.sign)


SIGNS: dict[str, SignsWith] = {name: _signs(keys) for name, keys in KEYS.items()}
_NAMES = list(KEYS)
_OF_STRANGER, _OF_OFFICER = _signs(STRANGER), _signs(OFFICER)
_FLAWS = [
    b'{"alg":"none","b64":false,"crit":["b64"],"kid":"%s"}',
    b'{"alg":"HS256","b64":false,"crit":["b64"],"kid":"%s"}',
    b'{"alg":["EdDSA"],"b64":false,"crit":["b64"],"kid":"%s"}',
    b'{"alg":"EdDSA","b64":0,"crit":["b64"],"kid":"%s"}',
    b'{"alg":"EdDSA","b64":true,"crit":["b64"],"kid":"%s"}',
    b'{"alg":"EdDSA","b64":false,"crit":[],"kid":"%s"}',
    b'{"alg":"EdDSA","crit":["b64"],"kid":"%s"}',
    b'{"alg":"EdDSA","kid":"%s"}',
    b'{"alg":"EdDSA","b64":false,"crit":["b64"],"kid":["%s"]}',
    b'{"alg":"EdDSA","b64":false,"crit":["b64"],"kid":"%s/x/y"}',
    b'{"alg":"EdDSA","b64":false,"crit":["b64"],"kid":"/%s"}',
    b'{"alg":"EdDSA","b64":false,"crit":["b64"],"jku":"https://example.com","kid":"%s"}',
    b'{"alg":"none","alg":"EdDSA","b64":false,"crit":["b64"],"kid":"%s"}',
    b'{"alg":"EdDSA","b64":false,"crit":["b64"],"kid":"%s"}{}',
    b'[{"alg":"EdDSA","b64":false,"crit":["b64"],"kid":"%s"}]',
    b'"EdDSA %s"',
    b' {"kid":"%s", "crit": ["b64"], "b64": false, "alg": "\\u0045dDSA"}',
]
"""The last has none: it is the right header in another spelling."""


HOW = 256
"""Ways to sign; those before the last few are alike."""


def signature(how: int, choices: Choices, member: str, value: bytes) -> bytes | None:
    """The header's value, None where there is no header; `how` is below `HOW`."""
    kid, signs = KEYS[member].kid, SIGNS[member]
    left = HOW - 1 - how
    if left < len(_FLAWS):
        return _jws(signs, _encoded(_FLAWS[left] % kid.encode()), value)
    left -= len(_FLAWS)
    if left < 8:
        other = choices.one(_NAMES)
        return _jws(SIGNS[other], _header(KEYS[other].kid), value)
    if left < 12:
        return _jws(_OF_STRANGER, _header(kid), value)
    if left < 16:
        kid = choices.one([STRANGER.kid, "bank-a/old", "bank-a/none", KEYS["bank-b"].kid, ""])
        return _jws(choices.one([signs, _OF_STRANGER]), _header(kid), value)
    if left < 18:
        return _jws(_OF_OFFICER, _header("police-a/wang/k1"), value)
    if left < 20:
        return choices.one([None, b"", b"..", b"\xff"])
    jws = _jws(signs, _header(kid), value)
    return _touched(choices, jws) if left < 32 else jws


def _touched(choices: Choices, jws: bytes) -> bytes:
    """One bit turned, or something put in or taken out."""
    at = choices.number(len(jws))
    if choices.yes(1, 2):
        return jws[:at] + bytes([jws[at] ^ 1 << choices.number(8)]) + jws[at + 1 :]
    return jws[:at] + choices.one([b"", b"=", b".", b" ", b"A"]) + jws[at + choices.number(2) :]


@lru_cache(maxsize=64)
def _header(kid: str) -> bytes:
    return _encoded(json.dumps({"alg": "EdDSA", "b64": False, "crit": ["b64"], "kid": kid}).encode())


def _encoded(data: bytes) -> bytes:
    return urlsafe_b64encode(data).rstrip(b"=")


def _jws(signs: SignsWith, header: bytes, value: bytes) -> bytes:
    return b"%b..%b" % (header, _encoded(signs(b"%b.%b" % (header, value))))
