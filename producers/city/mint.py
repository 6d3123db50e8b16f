"""Identifiers that are valid and belong to nobody: check digits hold, numbers exist, none is a placeholder."""

from __future__ import annotations

from random import Random

from stdnum import luhn
from stdnum.cn import ric

from producers.city.cast import BANKS, PAYMENT, ROUTE
from producers.reference.entries import AccountRef
from schemas.identifiers import IdentifierKind

_PREFIXES = dict(zip(BANKS, ("622202", "622848", "621660", "621700", "622588"), strict=True))
_MOBILE = (
    "130",
    "131",
    "132",
    "133",
    "134",
    "135",
    "136",
    "137",
    "139",
    "180",
    "181",
    "182",
    "185",
    "187",
    "188",
    "189",
)
# Counties of Taiyuan that have had one code for as long as anyone lives.
_COUNTIES = ("140121", "140122", "140123")


class Mint:
    """All from one source of chance, so that a seed gives the same ones. None is given twice by one mint."""

    def __init__(self, chance: Random) -> None:
        self._chance = chance
        self._given: set[str] = set()

    def account(self, member: str) -> AccountRef:
        if member == PAYMENT:
            return AccountRef(ROUTE[member], self._new(lambda: f"jf{self._digits(12)}"), IdentifierKind.PAYMENT_ACCOUNT)
        return AccountRef(ROUTE[member], self._new(lambda: _with_luhn(_PREFIXES[member] + self._digits(12))))

    def phone(self) -> str:
        return self._new(lambda: self._chance.choice(_MOBILE) + self._digits(8))

    def citizen(self) -> str:
        return self._new(self._citizen)

    def imei(self) -> str:
        return self._new(lambda: _with_luhn("86" + self._digits(12)))

    def iccid(self) -> str:
        return self._new(lambda: _with_luhn("898600" + self._digits(12)))

    def trunk(self) -> str:
        return self._new(lambda: f"TY-GW-{self._digits(3)}/{self._chance.randint(1, 30)}")

    def ip(self) -> str:
        return self._new(lambda: f"36.{self._chance.randint(96, 111)}.{self._byte()}.{self._byte()}")

    def word(self, stem: str) -> str:
        """A name that no other has: a handle's, an app's, a host's."""
        return self._new(lambda: f"{stem}{self._digits(7)}")

    def _new(self, make: object) -> str:
        assert callable(make)
        while (value := str(make())) in self._given:
            pass
        self._given.add(value)
        return value

    def _citizen(self) -> str:
        day, month, year = self._chance.randint(1, 28), self._chance.randint(1, 12), self._chance.randint(1945, 2006)
        bare = f"{self._chance.choice(_COUNTIES)}{year}{month:02}{day:02}{self._digits(3)}"
        return bare + str(ric.calc_check_digit(bare + "0"))

    def _digits(self, count: int) -> str:
        return f"{self._chance.randrange(10**count):0{count}}"

    def _byte(self) -> int:
        return self._chance.randint(1, 254)


def _with_luhn(bare: str) -> str:
    return bare + str(luhn.calc_check_digit(bare))
