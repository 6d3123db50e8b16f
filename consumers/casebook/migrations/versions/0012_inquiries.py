"""What officers ask of the police's vault, judged and put on record here, and answered there.

The database refuses an answer to what was not accepted, and any change of what was asked, judged or answered.
"""

from __future__ import annotations

from alembic import op

revision = "0012"
down_revision = "0011"

_TABLE = """
create table inquiry (
  number bigint generated always as identity primary key, case_id uuid references "case", member text,
  jws text not null, tokens text[], filed_at timestamptz not null, judged_at timestamptz, refusal text,
  answer text, letter text, sent_at timestamptz,
  check (case_id is null or tokens is null),
  check (member is null or case_id is not null),
  constraint told_as_asked check (letter is null or (member is not null and answer is not null)),
  check (sent_at is null or letter is not null),
  constraint answered_as_accepted check (answer is null or (judged_at is not null and refusal is null)));
create index inquiry_new on inquiry (number) where judged_at is null;
create index inquiry_unsent on inquiry (number) where letter is not null and sent_at is null;
create index inquiry_open on inquiry (number) where answer is null and refusal is null;
"""

_ONCE = """
create function refuse_inquiry_change() returns trigger language plpgsql as $$
begin
  if (new.number, new.case_id, new.member, new.jws, new.filed_at)
      is distinct from (old.number, old.case_id, old.member, old.jws, old.filed_at)
    or (old.tokens is not null or old.judged_at is not null) and new.tokens is distinct from old.tokens
    or old.judged_at is not null and (new.judged_at, new.refusal) is distinct from (old.judged_at, old.refusal)
    or old.answer is not null and (new.answer, new.letter) is distinct from (old.answer, old.letter)
    or old.sent_at is not null and new.sent_at is distinct from old.sent_at then
    raise exception 'what was asked of the vault, judged or answered stays as it is';
  end if;
  return new;
end $$;
create trigger once_only before update on inquiry for each row execute function refuse_inquiry_change();
"""


def upgrade() -> None:
    op.execute(_TABLE)
    op.execute(_ONCE)
