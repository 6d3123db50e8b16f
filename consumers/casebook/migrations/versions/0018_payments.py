"""Each payment that a report names has a row of its own: a victim who paid one account twice claims both, and may get
both back. What was filed before keeps the one payment that it has.
"""

from __future__ import annotations

from alembic import op

revision = "0018"
down_revision = "0017"

_PAYMENT = """
alter table report_target add column payment smallint not null default 0;
update report_target as named set payment = numbered.number from (
  select token, member, event_id, dense_rank() over (partition by member, event_id order by transfer) - 1 as number
    from report_target where transfer is not null) numbered
  where (named.token, named.member, named.event_id) = (numbered.token, numbered.member, numbered.event_id);
alter table report_target alter column payment drop default, drop constraint report_target_pkey,
  add primary key (token, member, event_id, payment),
  add constraint counted_from_the_first check (payment >= 0);
"""

_BOUND = """
create function reported_minor(by_member text, id uuid, in_currency text) returns bigint language sql stable as $$
  select coalesce(sum((transfer #>> '{amount,minor}')::bigint), 0)::bigint from (
    select distinct payment, transfer from report_target where member = by_member and event_id = id
      and transfer #>> '{amount,currency}' = in_currency) named
$$;

create or replace function refuse_payment() returns trigger language plpgsql as $$
declare
  held record;
  claimed bigint;
  of_claim bigint;
  of_report bigint;
begin
  select minor, currency into held from hold where hold_id = new.hold_id for update;
  if new.status <> 'drafted' or new.currency <> held.currency or new.hold_id is distinct from
      (select hold_id from return_notice where return_id = new.return_id and closed_at is null) then
    raise exception 'the payment % is drafted from the hold of an open return, in its currency', new.payment_id
      using errcode = 'check_violation';
  end if;
  if held.minor < new.minor + (select coalesce(sum(minor), 0) from return_payment
      where hold_id = new.hold_id and status in ('drafted', 'unclear')) then
    raise exception 'the hold % has no % left to return', new.hold_id, new.minor using errcode = 'check_violation';
  end if;
  select minor into claimed from return_claim
    where return_id = new.return_id and member = new.member and event_id = new.event_id and not annulled;
  select coalesce(sum(minor), 0) into of_claim from return_payment
    where return_id = new.return_id and member = new.member and event_id = new.event_id and status <> 'dropped';
  if claimed is null or claimed < of_claim + new.minor then
    raise exception 'the report % claims no % more of the hold %', new.event_id, new.minor, new.hold_id
      using errcode = 'check_violation';
  end if;
  select coalesce(sum(minor), 0) into of_report from return_payment
    where member = new.member and event_id = new.event_id and currency = new.currency and status <> 'dropped';
  if reported_minor(new.member, new.event_id, new.currency) < of_report + new.minor then
    raise exception 'the victim of the report % would get more than it lost', new.event_id
      using errcode = 'check_violation';
  end if;
  return new;
end $$;
"""


def upgrade() -> None:
    op.execute(_PAYMENT)
    op.execute(_BOUND)
