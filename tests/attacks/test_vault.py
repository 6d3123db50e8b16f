"""Attacks on the police's vault: by an officer whose case it is not, by the hub, by the database's owner, by a member
that lies. Nobody gets a clear value, nor the token of a value of the own choice.
"""

from __future__ import annotations

from dataclasses import replace
from uuid import UUID, uuid4

import pytest
import structlog
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from kafka.errors import KafkaError
from sqlalchemy import insert, select, text

from alliance import logs
from alliance.clock import AllianceClock
from alliance.errors import Refused, Retry
from alliance.keys.encoding import encode
from alliance.keys.seals import BadSeal
from alliance.keys.signatures import sign_object
from consumers.casebook import audit
from consumers.casebook.audit import Trail
from consumers.casebook.authority.inquiries import Asked, Said
from consumers.casebook.tables import InquiryRow
from consumers.vault import events, opening, service
from consumers.vault.opening import seal_target
from producers import cleartarget
from schemas.identifiers import IdentifierKind
from schemas.inquiries import Found, Reseal, Revealed, Search, Unanswered, VaultAnswer
from schemas.registry import Status
from schemas.requests import RequestView
from tests.consumers.facts import account
from tests.consumers.office import Office
from tests.consumers.safe import Safe, named
from tests.consumers.test_inquiries import ACCOUNT, acts, suspect

pytestmark = pytest.mark.services
OTHER = "6217001234567890126"


@pytest.fixture
def safe(office: Office) -> Safe:
    return Safe(office)


def slip_in(safe: Safe, said: Said, jws: str, *, accepted: bool = False) -> None:
    """What the database's owner can do."""
    case_id = None if isinstance(said, Search) else said.case_id
    member = said.to if isinstance(said, Reseal) else None
    row = {"case_id": case_id, "member": member, "jws": jws, "filed_at": safe.office.now}
    with safe.office.engine.begin() as db:
        db.execute(insert(InquiryRow).values(**row, judged_at=safe.office.now if accepted else None))


def put_on_record(safe: Safe, said: Said, about: str | None = None) -> None:
    """What a casebook that lies can do: the newest question is on record as accepted, if need be on somebody else."""
    with safe.office.engine.begin() as db:
        row = db.execute(select(*InquiryRow.__table__.c).order_by(InquiryRow.number.desc()).limit(1)).one()
        trail, asked = Trail(), Asked.of(row)
        trail.note(asked.act, about or asked.subject(said), asked.jws.encode())
        audit.append(db, trail, audit.head(db), safe.office.now)


def forged(said: Said) -> str:
    """Somebody else's key in the officer's name."""
    return sign_object(Ed25519PrivateKey.generate(), "police-one/p100/k1", said.model_dump(mode="json"))


def leave(safe: Safe, officer: str) -> None:
    police = safe.office.registry.member("police-one")
    assert police is not None
    kept = [one for one in police.officers if one.officer != officer]
    safe.office.registry.apply("police-one", police.model_copy(update={"officers": kept}))


def test_a_reveal_without_an_order_on_record(safe: Safe) -> None:
    """The officer did sign it, and whoever owns the database says that it was accepted."""
    mule, _, case_id = suspect(safe)
    recorded = safe.reveal(case_id, mule.tokens[0])
    assert isinstance(safe.ask(recorded), Revealed)
    said = recorded.model_copy(update={"purpose": "another"})
    slip_in(safe, said, safe.office.sign(said.model_dump(mode="json")), accepted=True)
    safe.turn()
    assert safe.answers()[1:] == [None]
    put_on_record(safe, said)
    safe.turn()
    assert isinstance(safe.outcome(2), Revealed)


def test_a_reveal_that_was_refused_and_is_said_to_be_accepted(safe: Safe) -> None:
    """It is on record, as what it was."""
    mule, _, case_id = suspect(safe)
    said = safe.reveal(case_id, mule.tokens[0])
    jws = safe.office.sign(said.model_dump(mode="json"), "p101")
    police = safe.office.registry.member("police-one")
    assert police is not None
    leave(safe, "p101")
    slip_in(safe, said, jws)
    safe.office.take()
    safe.office.registry.apply("police-one", police)
    slip_in(safe, said, jws, accepted=True)
    safe.turn()
    assert safe.answers() == [None, None]


def test_a_reveal_that_is_on_the_databases_record_alone(safe: Safe) -> None:
    """What its owner writes there can be taken away again: the auditor's topic must have it."""
    mule, _, case_id = suspect(safe)
    safe.told = False
    assert safe.ask(safe.reveal(case_id, mule.tokens[0])) is None
    assert safe.answers() == [None]


def test_a_reveal_that_no_officer_signed(safe: Safe) -> None:
    """The casebook refuses it; and where the hub says that it was accepted and is on record, the vault does."""
    mule, _, case_id = suspect(safe)
    said = safe.reveal(case_id, mule.tokens[0])
    slip_in(safe, said, forged(said))
    safe.office.take()
    assert ("reveal refused", str(case_id)) in acts(safe.office)
    slip_in(safe, said, forged(said), accepted=True)
    put_on_record(safe, said)
    safe.turn()
    assert safe.answers() == [None, ""]


def test_a_reveal_by_an_officer_of_another_unit(safe: Safe) -> None:
    safe.office.registry.apply("police-two", safe.office.police("p101", unit="police-two"))
    mule, _, case_id = suspect(safe)
    told = safe.ask(safe.reveal(case_id, mule.tokens[0]), "p101", "police-two")
    assert isinstance(told, str) and "one of police-one, whose officers alone" in told
    said = safe.reveal(case_id, mule.tokens[0])
    slip_in(safe, said, safe.office.sign(said.model_dump(mode="json"), "p101", "police-two"), accepted=True)
    put_on_record(safe, said)
    safe.turn()
    answer = safe.outcome(2)
    assert isinstance(answer, Unanswered) and "one of police-one, whose officers alone" in answer.why


def test_a_reveal_by_an_officer_who_has_left(safe: Safe) -> None:
    """Before the casebook looks, and between its word and the vault's."""
    mule, _, case_id = suspect(safe)
    number = safe.file(safe.reveal(case_id, mule.tokens[0]), "p101")
    safe.office.take()
    leave(safe, "p101")
    safe.turn()
    assert safe.answers() == [""]
    told = safe.ask(safe.reveal(case_id, mule.tokens[0]), "p101")
    assert number == 1 and isinstance(told, str) and "does not verify" in told


def test_a_reveal_by_a_unit_that_was_suspended(safe: Safe) -> None:
    mule, _, case_id = suspect(safe)
    police = safe.office.registry.member("police-one")
    assert police is not None
    safe.office.registry.apply("police-one", police.model_copy(update={"status": Status.SUSPENDED}))
    told = safe.ask(safe.reveal(case_id, mule.tokens[0]))
    assert isinstance(told, str) and "no active police unit" in told


def test_a_reveal_for_a_case_that_does_not_have_the_identifier(safe: Safe) -> None:
    """Else any identifier could be had under the purpose of any case."""
    _, _, case_id = suspect(safe)
    strange = safe.reveal(case_id, account().tokens[0])
    with pytest.raises(Refused, match="does not have the identifier"):
        safe.file(strange)
    slip_in(safe, strange, safe.office.sign(strange.model_dump(mode="json")))
    safe.office.take()
    told = safe.outcome(1)
    assert isinstance(told, str) and "does not have the identifier" in told


def test_a_reveal_filed_under_another_case_than_was_signed(safe: Safe) -> None:
    mule, _, case_id = suspect(safe)
    signed = safe.reveal(uuid4(), mule.tokens[0])
    slip_in(safe, safe.reveal(case_id, mule.tokens[0]), safe.office.sign(signed.model_dump(mode="json")))
    safe.office.take()
    assert safe.outcome(1) == "The signed question is on another case or member than it was filed for."


def test_a_reveal_of_the_seal_of_another_event(safe: Safe) -> None:
    mule, suspicion, case_id = suspect(safe)
    first = suspicion.evidence[0]
    safe.seal(first.member, first.event_id, mule, ACCOUNT, bound=uuid4())
    answer = safe.ask(safe.reveal(case_id, mule.tokens[0]))
    assert isinstance(answer, Unanswered) and "has it sealed to police-one" in answer.why


def test_a_reveal_of_what_a_member_sealed_falsely(safe: Safe) -> None:
    """It would have police believe that somebody else's number is the suspect's."""
    mule, suspicion, case_id = suspect(safe)
    first = suspicion.evidence[0]
    safe.seal(first.member, first.event_id, mule, OTHER)
    answer = safe.ask(safe.reveal(case_id, mule.tokens[0]))
    assert answer == Unanswered(why=f"What {first.member} has sealed does not make this token, and is not shown.")


def test_a_search_that_the_hub_made_up(safe: Safe) -> None:
    """Anybody can seal to police: else the hub could have the token of any value made, and read its own data."""
    said = safe.search(IdentifierKind.ACCOUNT, ACCOUNT)
    slip_in(safe, said, forged(said))
    safe.turn()
    with safe.office.engine.connect() as db:
        assert db.scalar(text("select tokens from inquiry")) == []


def test_a_search_whose_tokens_the_hub_replaced(safe: Safe) -> None:
    """Another identifier's cases are not told under the record of this one."""
    number = safe.file(safe.search(IdentifierKind.ACCOUNT, ACCOUNT))
    with safe.office.engine.begin() as db:
        db.execute(text("update inquiry set tokens = :tokens"), {"tokens": account().tokens})
    safe.office.take()
    safe.turn()
    answer = safe.outcome(number)
    assert isinstance(answer, Unanswered) and "not those of what is sought" in answer.why


def test_a_search_copied_from_the_database_by_another_officer(safe: Safe) -> None:
    """What is sought is bound to the key that the answer goes to."""
    said = safe.search(IdentifierKind.ACCOUNT, ACCOUNT)
    own = encode(X25519PrivateKey.generate().public_key().public_bytes_raw())
    told = safe.ask(said.model_copy(update={"answer_to": own}), "p101")
    assert isinstance(told, str) and "can't read what is sought" in told


def test_a_search_on_record_as_one_of_somebody_else(safe: Safe) -> None:
    """Else the record would tell nothing of the citizen who was looked up."""
    mule, _, _ = suspect(safe)
    said = safe.search(IdentifierKind.ACCOUNT, ACCOUNT)
    number = safe.file(said)
    safe.turn()
    with safe.office.engine.begin() as db:
        db.execute(text("update inquiry set judged_at = :now"), {"now": safe.office.now})
    put_on_record(safe, said, about=account().tokens[0])
    safe.turn()
    assert safe.answers() == [None]
    put_on_record(safe, said)
    safe.turn()
    found = safe.outcome(number)
    assert isinstance(found, Found) and found.tokens == mule.tokens


@pytest.mark.parametrize("fault", [RuntimeError("a defect"), Retry("no broker"), KafkaError("no broker")], ids=repr)
def test_a_question_that_the_vault_can_not_answer(
    safe: Safe, fault: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It ends or waits alone: what others ask behind it is answered."""
    mule, suspicion, case_id = suspect(safe)
    other = named(IdentifierKind.ACCOUNT, OTHER, "cnaps:1")
    behind = safe.suspected(other, OTHER)
    first = suspicion.evidence[0]
    safe.failing[first.member, first.event_id] = fault
    safe.file(safe.reveal(case_id, mule.tokens[0]))
    shown = safe.ask(safe.reveal(safe.office.requests(behind)[0].case_id, other.tokens[0]))
    assert isinstance(shown, Revealed) and shown.value == OTHER
    if isinstance(fault, RuntimeError):
        told = safe.outcome(1)
        assert isinstance(told, Unanswered) and "its log says why" in told.why and "defect" not in told.why
        return
    assert safe.outcome(1) is None
    monkeypatch.setattr(service, "_PATIENCE_S", -1.0)
    safe.turn()
    told = safe.outcome(1)
    assert isinstance(told, Unanswered) and "did not give the members' alerts" in told.why


def test_a_question_that_can_neither_be_answered_nor_given_up(safe: Safe, monkeypatch: pytest.MonkeyPatch) -> None:
    """It ends untold, and what others ask behind it is answered."""
    mule, _, case_id = suspect(safe)
    said, seal = safe.reveal(case_id, mule.tokens[0]), opening.seal_answer
    fatal = encode(X25519PrivateKey.generate().public_key().public_bytes_raw())

    def broken(answer: VaultAnswer, answer_to: str, jws: str) -> str:
        if answer_to == fatal:
            raise RuntimeError("a defect")
        return seal(answer, answer_to, jws)

    monkeypatch.setattr(opening, "seal_answer", broken)
    safe.file(said.model_copy(update={"answer_to": fatal}))
    shown = safe.ask(said)
    assert isinstance(shown, Revealed) and shown.value == ACCOUNT
    assert safe.answers()[0] == ""


def test_an_alert_whose_id_is_of_a_year_that_can_not_be_written() -> None:
    """A member makes its ids as it likes: one such alert in a case, and nothing of the case was revealed any more."""
    wall = 1_800_000_000.0
    clock = AllianceClock(wall, wall, 1.0, lambda: wall)
    assert events.wall_ms(clock, UUID("ffffffff-ffff-7fff-bfff-ffffffffffff")) is None
    assert events.wall_ms(clock, UUID("00000000-0000-7000-8000-000000000000")) == 0


def test_a_search_that_breaks_the_vault(safe: Safe, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> list[str]:
        raise RuntimeError("a defect")

    monkeypatch.setattr(opening, "tokens_of", broken)
    told = safe.ask(safe.search(IdentifierKind.ACCOUNT, ACCOUNT))
    assert isinstance(told, str) and "can't read what is sought" in told


def test_a_vault_that_its_database_has_fail_to_tell_what_it_opened(
    safe: Safe, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nobody is told, what others ask goes on, and the log has nothing in clear."""
    mule, _, case_id = suspect(safe)
    with safe.office.engine.begin() as db:
        db.execute(
            text("""create function fail() returns trigger language plpgsql as
            $$ begin raise exception 'told %', new.answer using errcode = 'XX000'; end $$""")
        )
        db.execute(text("create trigger fail before update of answer on inquiry for each row execute function fail()"))
    logs.to_stderr()
    try:
        assert safe.ask(safe.reveal(case_id, mule.tokens[0])) is None
    finally:
        structlog.reset_defaults()
        with safe.office.engine.begin() as db:
            db.execute(text("drop function fail cascade"))
    said = capsys.readouterr().err
    assert "a question is given up" in said and "the database takes no end of a question" in said
    assert ACCOUNT not in said
    safe.turn()
    assert isinstance(safe.outcome(1), Revealed)


def test_an_answer_opened_by_whoever_has_the_database(safe: Safe) -> None:
    """Filed again, too, it is sealed to the key of the command that asked, which nobody has any more."""
    mule, _, case_id = suspect(safe)
    said = safe.reveal(case_id, mule.tokens[0])
    assert isinstance(safe.ask(said), Revealed)
    slip_in(safe, said, safe.office.sign(said.model_dump(mode="json")))
    safe.office.take()
    safe.turn()
    safe.secret = X25519PrivateKey.generate()
    for number in (1, 2):
        with pytest.raises(BadSeal):
            safe.outcome(number)
    assert ACCOUNT not in str(safe.answers())


def asked_of(safe: Safe, member: str = "bank-one") -> RequestView:
    """A request about the suspect that was sent to its bank, whose keys are real."""
    mule, suspicion, _ = suspect(safe)
    safe.office.deliver()
    safe.join("bank-one")
    safe.join("bank-two")
    return next(r for r in safe.office.requests(suspicion) if r.to == member and r.target.tokens == mule.tokens)


def test_a_target_told_to_another_member_than_is_asked(safe: Safe) -> None:
    """Else a member that colludes could have any value of the hub's told."""
    request = asked_of(safe)
    for said in (safe.reseal(request, to="bank-two"), safe.reseal(request, request_id=uuid4())):
        told = safe.ask(said)
        assert isinstance(told, str) and f"{said.to} is not asked by the request" in told
    assert safe.letters() == []


def test_a_target_told_that_is_not_the_request_s(safe: Safe) -> None:
    request, other = asked_of(safe), named(IdentifierKind.ACCOUNT, OTHER, "cnaps:1")
    strange = safe.reseal(request, token=safe.suspected(other, OTHER).subject.token)
    slip_in(safe, strange, safe.office.sign(strange.model_dump(mode="json")))
    safe.office.take()
    told = safe.outcome(1)
    assert isinstance(told, str) and "does not have the identifier" in told
    with safe.office.engine.begin() as db:
        db.execute(text("update lead set case_id = :case"), {"case": request.case_id})
    told = safe.ask(strange)
    assert isinstance(told, str) and "is another than" in told


def test_a_target_told_by_the_hubs_own_will(safe: Safe) -> None:
    """It asks a member that colludes, and says that an officer wanted the target told."""
    request = asked_of(safe)
    said = safe.reseal(request)
    slip_in(safe, said, forged(said), accepted=True)
    put_on_record(safe, said)
    safe.turn()
    safe.office.take()
    assert safe.answers() == [""]
    assert safe.letters() == []


def test_a_target_told_falsely_by_whoever_can_seal_to_the_member(safe: Safe) -> None:
    """Anybody can: the order would then be carried out on somebody else's account."""
    request = asked_of(safe)
    bank = safe.members["bank-one"]
    for value, good in ((ACCOUNT, True), (OTHER, False)):
        shown = Revealed(
            case_id=request.case_id, token=request.target.tokens[0], identifier=IdentifierKind.ACCOUNT, value=value,
            member="bank-two", event_id=uuid4(),
        )  # fmt: skip
        letter = seal_target(shown, request.request_id, bank.public.sealing)
        if good:
            assert bank.tokens is not None
            both = bank.tokens.rotated()
            later = replace(bank, tokens=both.cut_over().in_place_of(both))
            assert cleartarget.opened(letter, bank) == cleartarget.opened(letter, later)
            assert cleartarget.opened(letter, bank).value == ACCOUNT
            for wrong in (letter.model_copy(update={"request_id": uuid4()}), letter):
                with pytest.raises(Refused, match="does not open"):
                    cleartarget.opened(wrong, bank if wrong is not letter else safe.members["bank-two"])
        else:
            with pytest.raises(Refused, match="is not what it names"):
                cleartarget.opened(letter, bank)
