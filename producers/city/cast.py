"""Who plays: the members of the small city. The five banks are those whose files of real alerts can be published."""

from __future__ import annotations

from alliance.membership import MemberSpec, OfficerSpec
from schemas.registry import Alliance, Sector

POLICE = "police-ty"
OFFICER = "chen-guoqiang"
"""The officer of the day, who signs drafted orders and the standing mandate."""
SECOND = "li-wenjuan"
"""Who signs too where the law wants a second officer."""

REVIEWER = "zhao-min"
"""Who has no hand in any hold, and so can decide on an appeal against one."""

_OFFICERS = (OfficerSpec(OFFICER, "county-head"), OfficerSpec(SECOND, "inspector"), OfficerSpec(REVIEWER, "inspector"))

CAST: tuple[MemberSpec, ...] = (
    MemberSpec(
        POLICE,
        "太原市反诈中心",
        Sector.POLICE,
        Alliance.GOVERNMENT_AFFAIRS,
        ("police:ty",),
        _OFFICERS,
        "0351-96110",
    ),
    MemberSpec("bank-icbc", "工商银行太原分行", Sector.BANK, Alliance.POLICE_BANK, ("cnaps:102161000012",)),
    MemberSpec("bank-abc", "农业银行太原分行", Sector.BANK, Alliance.POLICE_BANK, ("cnaps:103161000013",)),
    MemberSpec("bank-boc", "中国银行太原分行", Sector.BANK, Alliance.POLICE_BANK, ("cnaps:104161000014",)),
    MemberSpec("bank-ccb", "建设银行太原分行", Sector.BANK, Alliance.POLICE_BANK, ("cnaps:105161000015",)),
    MemberSpec("bank-cmb", "招商银行太原分行", Sector.BANK, Alliance.POLICE_BANK, ("cnaps:308161000016",)),
    MemberSpec("pay-jinfu", "晋付支付", Sector.PAYMENT, Alliance.POLICE_BANK, ("pay:jinfu",)),
    MemberSpec("carrier-cmcc", "移动太原分公司", Sector.CARRIER, Alliance.POLICE_TELECOM, ("carrier:cmcc-ty",)),
    MemberSpec("carrier-ctcc", "电信太原分公司", Sector.CARRIER, Alliance.POLICE_TELECOM, ("carrier:ctcc-ty",)),
    MemberSpec("platform-chat", "聊聊", Sector.PLATFORM, Alliance.POLICE_ENTERPRISE, ("platform:chat",)),
    MemberSpec("platform-market", "晋集市", Sector.PLATFORM, Alliance.POLICE_ENTERPRISE, ("platform:market",)),
)

BY_NAME = {spec.member: spec for spec in CAST}
ROUTE = {spec.member: spec.routes[0] for spec in CAST}
MEMBER_OF = {route: member for member, route in ROUTE.items()}
BANKS = tuple(spec.member for spec in CAST if spec.sector is Sector.BANK)
PAYMENT = "pay-jinfu"
CARRIERS = tuple(spec.member for spec in CAST if spec.sector is Sector.CARRIER)
PLATFORMS = tuple(spec.member for spec in CAST if spec.sector is Sector.PLATFORM)
