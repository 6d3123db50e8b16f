"""The auditor: copies what follows, signs it for every member, and finds a database that its owner has rewritten."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from kafka.errors import KafkaTimeoutError
from sqlalchemy import text

from alliance import kafka
from alliance.broker.passwords import login_of
from alliance.errors import Refused, SetupError
from alliance.keys.store import generate
from consumers.auditor import checkpoints, reading, service
from consumers.auditor.chain import Head
from consumers.auditor.records import message_of, row_of
from consumers.auditor.service import Auditor, following
from consumers.auditor.topic import AuditTopic
from consumers.auditor.verifying import verify
from consumers.casebook import audit
from consumers.casebook.rows import insert_rows
from consumers.casebook.tables import Audit
from schemas.audit import AuditCheckpoint, AuditEntry, AuditReport, Checkpoint, Where, Wrong
from schemas.topics import AUDIT
from tests.consumers.chains import chain, chained, edited, rechained
from tests.consumers.facts import account, lead
from tests.consumers.office import Office
from tests.consumers.world import Mailbox, World

WHOLE = [row.entry for row in chain(6)]


@given(st.integers(0, 6))
def test_what_follows_is_copied(told: int) -> None:
    head = WHOLE[told - 1].head if told else Head()
    assert following(head, WHOLE[max(told - 1, 0) :]) == WHOLE[told:]


@given(st.integers(1, 6), st.data())
def test_what_does_not_follow_is_not_copied(told: int, data: st.DataObject) -> None:
    rows, place = chain(6), data.draw(st.integers(0, told - 1))
    rewritten = [row.entry for row in rechained([*rows[:place], edited(rows[place], 9), *rows[place + 1 :]])]
    head = WHOLE[told - 1].head
    with pytest.raises(Refused, match=f"Entry {told} "):
        following(head, rewritten[told - 1 :])
    with pytest.raises(Refused, match=f"Entry {told} "):
        following(head, [])


@given(st.integers(0, 3), st.integers(1, 5))
def test_what_lacks_an_entry_or_has_a_hash_that_is_not_its_own_is_not_copied(told: int, place: int) -> None:
    head = WHOLE[told - 1].head if told else Head()
    found = WHOLE[max(told - 1, 0) :]
    behind = max(told, place)
    lacking = [entry for entry in found if entry is not WHOLE[behind]]
    with pytest.raises(Refused, match=f"Entry {behind + 2} ") if behind < 5 else nullcontext():
        following(head, lacking)
    spoilt = [entry._replace(hash=bytes(32)) if entry is WHOLE[behind] else entry for entry in found]
    with pytest.raises(Refused, match=f"Entry {behind + 1} "):
        following(head, spoilt)


def test_the_key_is_the_auditors_alone_and_its_public_half_is_for_all(tmp_path: Path) -> None:
    file = tmp_path / "auditor" / "key.json"
    keys = checkpoints.keys_at(file)
    assert checkpoints.keys_at(file).public == keys.public
    assert (file.stat().st_mode & 0o777, file.parent.stat().st_mode & 0o777) == (0o600, 0o700)
    public = checkpoints.public_at(checkpoints.public_file(file))
    said = Checkpoint(number=6, hash=WHOLE[5].hash.hex(), at=WHOLE[5].at)
    assert checkpoints.proven(checkpoints.sign(keys, said), public) == said
    assert checkpoints.proven(checkpoints.sign(generate("auditor"), said), public) is None
    assert checkpoints.proven(checkpoints.sign(generate("registrar"), said), public) is None
    file.chmod(0o640)
    with pytest.raises(SetupError, match="others can read"):
        checkpoints.keys_at(file)
    with pytest.raises(SetupError, match="no public key"):
        checkpoints.public_at(file)


def verified(office_url: str, world: World, auditor_file: Path, kept: list[str]) -> AuditReport:
    """As `afa audit verify` does it, with a login that may do no more than read."""
    evidence = reading.Evidence(checkpoints.public_at(checkpoints.public_file(auditor_file)))
    evidence.take_lines("kept", kept)
    with reading.read_only(office_url) as db:
        evidence.take_topic((record.value for record in kafka.whole(world.services.admin, AUDIT.name)), lambda: None)
        report = verify(evidence.copy, evidence.signed, reading.stored(db, lambda: None))
    return report.model_copy(update={"faults": [*evidence.faults, *report.faults]})


def rewrite(office: Office) -> None:
    """What the database's owner can do: another first act, and every hash behind it made to fit."""
    with office.engine.begin() as db:
        db.execute(text("alter table audit disable trigger all"))
        rows = chained([(row.entry.at, row.acts) for row in chain(2)])
        db.execute(text("delete from audit"))
        insert_rows(db, Audit, [row_of(row.entry, [one for one in row.acts if one]) for row in rows])


@pytest.mark.services
def test_the_owner_of_the_database_can_not_rewrite_what_the_topic_and_the_members_have(
    office: Office, casebook_url: str, city: World, mailbox: Callable[[str], Mailbox], tmp_path: Path
) -> None:
    box, file = mailbox("bank-one"), tmp_path / "key.json"
    login = login_of("auditor", city.services.admin, city.services.data.secret)
    keys = checkpoints.keys_at(file)
    registrar = city.registrar.public.verifier()
    last = checkpoints.signed_file(file)
    auditor = Auditor(casebook_url, login, keys, registrar, lambda: office.now, last)
    office.suspect(lead(account()))
    signed = auditor.checkpoint()
    letter = box.until(lambda one: isinstance(one, AuditCheckpoint))
    assert checkpoints.proven(letter, keys.signing.public_key()) == signed
    kept = [letter.model_dump_json()]

    stop, at_work = threading.Event(), Auditor(casebook_url, login, keys, registrar, lambda: office.now, last)
    thread = threading.Thread(target=at_work.run, args=[stop])
    office.suspect(lead(account()))
    thread.start()
    later = box.until(lambda one: isinstance(one, AuditCheckpoint) and one != letter)
    stop.set()
    thread.join(30)
    kept.append(later.model_dump_json())

    topic = AuditTopic(login)
    with reading.read_only(casebook_url) as db:
        entries = [entry for entry, _ in reading.stored(db, lambda: None)]
    topic.write([message_of(entry) for entry in entries])
    topic.close()
    whole = verified(casebook_url, city, file, kept)
    assert whole.faults == []
    assert (whole.entries, whole.told, whole.signed_to) == (2, 2, 2)

    rewrite(office)
    assert office.is_audited()
    with pytest.raises(Refused, match="Entry 2 in the database is not what was signed"):
        auditor.checkpoint()
    last.unlink()
    with pytest.raises(Refused, match="Entry 2 in the database is not what the topic has"):
        auditor.checkpoint()
    altered = verified(casebook_url, city, file, [*kept, kept[0][:-20] + 'AAAAAAAAAAAAAAAAAA"}'])
    found = {(fault.what, fault.where, fault.number, fault.last) for fault in altered.faults}
    assert found == {
        (Wrong.EDITED, Where.DATABASE, 1, 2),
        (Wrong.REWRITTEN, Where.DATABASE, 1, None),
        (Wrong.UNSIGNED, Where.CHECKPOINTS, 0, None),
    }


@pytest.mark.services
def test_who_rewrites_topic_and_database_does_not_have_the_auditor_sign_that(
    office: Office, casebook_url: str, city: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is started anew, and knows by what it keeps beside its key that another record was there."""
    file, topic = tmp_path / "key.json", [Head()]
    login = login_of("auditor", city.services.admin, city.services.data.secret)
    keys, registrar = checkpoints.keys_at(file), city.registrar.public.verifier()
    monkeypatch.setattr(AuditTopic, "end", lambda self, public: topic[-1])
    monkeypatch.setattr(AuditTopic, "write", lambda self, records: None)

    def started() -> Auditor:
        last = checkpoints.signed_file(file)
        return Auditor(casebook_url, login, keys, registrar, lambda: office.now, last)

    office.suspect(lead(account()))
    signed = started().checkpoint()
    topic.append(Head(signed.number, bytes.fromhex(signed.hash)))
    assert started().checkpoint().hash == signed.hash
    rewrite(office)
    with office.engine.connect() as db:
        rewritten = audit.head(db)
    for end in (Head(), rewritten):
        topic.append(end)
        with pytest.raises(Refused, match="is not what was signed"):
            started().checkpoint()
    checkpoints.keep(checkpoints.signed_file(file), checkpoints.sign(generate("auditor"), signed))
    with pytest.raises(SetupError, match="not what the auditor has signed last"):
        started().checkpoint()


@pytest.mark.services
@pytest.mark.parametrize("step", ["end", "registry"])
def test_a_broker_that_goes_away_between_two_questions_ends_no_auditor(
    office: Office, casebook_url: str, city: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    """What its clients raise then is no word of ours."""
    file, stop, told = tmp_path / "key.json", threading.Event(), list[AuditEntry | AuditCheckpoint]()
    gone = iter([KafkaTimeoutError("the broker is away")])

    def asked(what: str) -> None:
        if what == step and (error := next(gone, None)):
            raise error

    def end(self: AuditTopic, public: object) -> Head:
        asked("end")
        return Head()

    def write(self: AuditTopic, records: Sequence[AuditEntry | AuditCheckpoint]) -> None:
        told.extend(records)
        stop.set()

    def registry(*_: object) -> list[object]:
        asked("registry")
        return []

    monkeypatch.setattr(AuditTopic, "end", end)
    monkeypatch.setattr(AuditTopic, "write", write)
    monkeypatch.setattr(service, "proven_registry", registry)
    login = login_of("auditor", city.services.admin, city.services.data.secret)
    last, registrar = checkpoints.signed_file(file), city.registrar.public.verifier()
    office.suspect(lead(account()))
    Auditor(casebook_url, login, checkpoints.keys_at(file), registrar, lambda: office.now, last).run(stop)
    assert [record.number for record in told if isinstance(record, AuditEntry)] == [1]


@pytest.mark.services
def test_verifying_can_write_nothing(office: Office, casebook_url: str) -> None:
    office.suspect(lead(account()))
    with reading.read_only(casebook_url) as db, pytest.raises(Exception, match="read-only transaction"):
        db.execute("delete from audit")
