"""What a member left unclear of a return an officer settles, by a word that names the payment; without one it stays
unclear. What was paid, or was not, stays as it is, whoever said so.
"""

from __future__ import annotations

from alembic import op

revision = "0015"
down_revision = "0014"

_TABLE = """
alter table return_payment
  add column settled_by bigint references filed_statement,
  add constraint settled_by_a_word_once_it_is check (settled_by is null or status in ('paid', 'dropped'));
create index return_payment_settled_by on return_payment (settled_by) where settled_by is not null;
"""

_CHANGE = """
create function is_settled_by(word bigint, payment uuid, as_status text) returns boolean language sql stable as $$
  select exists (select from filed_statement where number = word and said(jws) ->> 'kind' = 'settle-payments'
    and exists (select from jsonb_array_elements_text(
      said(jws) -> case as_status when 'paid' then 'made' when 'dropped' then 'not_made' end) as named
      where named::uuid = payment))
$$;

create or replace function refuse_payment_change() returns trigger language plpgsql as $$
begin
  if (old.payment_id, old.return_id, old.hold_id, old.request_id, old.member, old.event_id, old.minor, old.currency)
      is distinct from
      (new.payment_id, new.return_id, new.hold_id, new.request_id, new.member, new.event_id, new.minor, new.currency)
      or (old.status <> new.status and old.status not in ('drafted', 'unclear')) then
    raise exception 'the payment % is % and stays what it is', old.payment_id, old.status
      using errcode = 'check_violation';
  end if;
  if old.status = 'unclear' and new.status <> 'unclear' then
    if not is_settled_by(new.settled_by, new.payment_id, new.status) then
      raise exception 'no officer has said that the unclear payment % is %', old.payment_id, new.status
        using errcode = 'check_violation';
    end if;
  elsif old.settled_by is distinct from new.settled_by then
    raise exception 'the payment % is % and stays what it is', old.payment_id, old.status
      using errcode = 'check_violation';
  end if;
  return new;
end $$;
"""


def upgrade() -> None:
    op.execute(_TABLE)
    op.execute(_CHANGE)
