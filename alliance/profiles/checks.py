"""Where a profile contradicts itself: each check yields the place and, in words, why the two can not both hold.

Pure. Says nothing about whether a value is good law; that is what its source is for.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain

from alliance.profiles import checks_of_authority
from alliance.profiles.model import Profile
from alliance.profiles.values import ReleaseWay
from schemas.requests import Action, AuthorityClass
from schemas.topics import TOPICS

Found = Iterator[tuple[str, str]]


def contradictions(profile: Profile) -> Found:
    """All of them, the sections in their order."""
    checks = (
        _scope,
        _stop,
        _suspend,
        checks_of_authority.contradictions,
        _answers,
        _releases,
        _appeal,
        _returns,
        _desk,
        _retention,
    )
    return chain.from_iterable(check(profile) for check in checks)


def _scope(profile: Profile) -> Found:
    if profile.reduce_at_freeze.value:
        if profile.amount_only.value:
            yield "reduce_at_freeze", "under amount_only there is never more than the amount to reduce"
        if profile.freeze is None:
            yield "reduce_at_freeze", "there is no freeze at this place"


def _stop(profile: Profile) -> Found:
    stop, freeze, own = profile.stop, profile.freeze, profile.own_hold
    if stop.approximate_tolerance_s.value < stop.tolerance_s.value:
        yield "stop.approximate_tolerance_s", "an approximate time can not be matched more closely than an exact one"
    if freeze is None and stop.most.value > 1:
        yield "stop.most", "a stop is repeated until there is a freeze, and there is none at this place"
    if freeze is not None and freeze.duration_s.value <= stop.duration_s.value:
        yield "freeze.duration_s", "a freeze must outlast the stop that it takes over from"
    if own is not None and profile.delay.duration_s.value > own.duration_s.value:
        yield "delay.duration_s", "a bank can not be asked to delay for longer than own_hold lets it hold"


def _suspend(profile: Profile) -> Found:
    after = {
        "its answer is due": profile.answer.to(Action.SUSPEND).final_s,
        "its release is decided": profile.release.decision_s,
        "an appeal against it is decided": profile.appeal.review_s,
        "a dispute of it is decided": profile.dispute.review_s,
    }
    for what, time in after.items():
        if time.value >= profile.suspend.duration_s.value:
            yield "suspend.duration_s", f"the suspension is over before {what}"


def _answers(profile: Profile) -> Found:
    void = profile.void_after
    times_of = {
        AuthorityClass.ADVISORY: ("advisory_s", void.advisory_s),
        AuthorityClass.MEMBER_REQUEST: ("member_request_s", void.member_request_s),
        AuthorityClass.MANDATE: ("authorised_s", void.authorised_s),
        AuthorityClass.POLICE_ORDER: ("authorised_s", void.authorised_s),
    }
    named = {"answer.otherwise": profile.answer.otherwise}
    named |= {f"answer.of.{action.value}": times for action, times in profile.answer.of.items()}
    for place, times in named.items():
        if times.acknowledge_s.value > times.final_s.value:
            yield f"{place}.acknowledge_s", "a request is acknowledged before its final answer"
    for action in profile.answer.of:
        if action not in profile.authority:
            yield f"answer.of.{action.value}", "nobody may authorise this action, so nobody answers it"
    for action, rule in profile.authority.items():
        for kind in rule.by.value:
            name, until = times_of[kind]
            if profile.answer.to(action).final_s.value > until.value:
                yield _answer_of(profile, action), f"void_after.{name} ends a {kind.value} before its answer is due"
            if action is Action.RELEASE and profile.release.latest_s.value > until.value:
                yield "release.latest_s", f"void_after.{name} ends a {kind.value} before the member lets go"
    if profile.answer.referred_s.value > void.authorised_s.value:
        yield "answer.referred_s", "void_after.authorised_s ends what was referred before its answer is due"
    if profile.answer.to(Action.STOP).final_s.value >= profile.stop.duration_s.value:
        yield _answer_of(profile, Action.STOP), "the stop is over before its answer is due"


def _releases(profile: Profile) -> Found:
    release = profile.release
    for place, way in (("member_measure", release.member_measure), ("order", release.order)):
        if way.value is ReleaseWay.AS_MANDATE_SAYS:
            yield f"release.{place}", "there is no mandate behind it that could say so"
    if release.decision_s.value >= profile.stop.duration_s.value:
        yield "release.decision_s", "the stop is over before its release is decided"
    if release.due_s.value > release.latest_s.value:
        yield "release.due_s", "what is due can not come later than latest_s"
    if release.latest_s.value >= profile.stop.duration_s.value:
        yield "release.latest_s", "the stop is over before its release is due"
    if profile.answer.to(Action.RELEASE).final_s.value > release.due_s.value:
        yield _answer_of(profile, Action.RELEASE), "a member answers a release by release.due_s"


def _appeal(profile: Profile) -> Found:
    if profile.appeal.review_s.value >= profile.stop.duration_s.value:
        yield "appeal.review_s", "the stop is over before an appeal against it is decided"
    if profile.dispute.review_s.value >= profile.stop.duration_s.value:
        yield "dispute.review_s", "the stop is over before a dispute of it is decided"


def _returns(profile: Profile) -> Found:
    returns, freeze = profile.returns, profile.freeze
    if returns is None:
        return
    if returns.objection_s.value > returns.notice_s.value:
        yield "returns.objection_s", "objections are taken while the notice runs, and not after it"
    longest = profile.stop.duration_s.value if freeze is None else freeze.duration_s.value * (1 + freeze.renewals.value)
    if returns.notice_s.value >= longest:
        yield "returns.notice_s", "even the longest hold is over before the notice is"


def _desk(profile: Profile) -> Found:
    desk = profile.desk
    if desk.most.value * desk.again_s.value > desk.scam_s.value:
        yield "desk.scam_s", "the scam is over before desk.most calls, desk.again_s apart, can be made"


def _retention(profile: Profile) -> Found:
    retention, longest = profile.retention, max(topic.retention_ms for topic in TOPICS) // 1000
    if retention.suspicion_s.value < longest:
        yield "retention.suspicion_s", "what the topics still have would come back"
    if retention.case_s.value < retention.suspicion_s.value:
        yield "retention.case_s", "what has a case is not kept for less time than what has none"
    if retention.case_s.value < profile.appeal.file_s.value:
        yield "retention.case_s", "an appeal may still be filed"


def _answer_of(profile: Profile, action: Action) -> str:
    of = f"of.{action.value}" if action in profile.answer.of else "otherwise"
    return f"answer.{of}.final_s"
