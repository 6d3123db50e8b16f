"""What is agreed with a member stands at the broker: set when it joins, kept ever after, changed at once."""

from __future__ import annotations

import pytest
from kafka import KafkaAdminClient

from alliance import quotas
from alliance.broker.passwords import login_of
from alliance.embedded.services import EmbeddedServices
from alliance.errors import Refused
from alliance.kafka import admin
from alliance.principals import INTERNAL, joining_principal, member_principal
from alliance.provision import add_member, agree_rate, agreed_rate, open_joining, provision, remove_member
from schemas.topics import member_topic

BANK, OTHER = "bank-quota", "bank-quota-b"


@pytest.mark.parametrize("rate", [1, 7, quotas.AGREED, quotas.MOST])
def test_a_quota_is_ten_times_the_rate_and_lets_any_letter_through(rate: int) -> None:
    figures = quotas.quota(rate)
    assert figures["producer_byte_rate"] == 10 * rate * 2_000
    assert figures["consumer_byte_rate"] >= figures["producer_byte_rate"]
    assert figures["consumer_byte_rate"] > member_topic(BANK).max_message_bytes
    assert 0 < figures["request_percentage"] < 100


@pytest.mark.services
def test_the_agreed_rate_stays_until_another_is_agreed(services: EmbeddedServices) -> None:
    registrar = login_of("registrar", services.admin, services.data.secret)
    provision(services.admin, [BANK], services.data.secret)
    assert agreed_rate(registrar, BANK) == quotas.AGREED

    agree_rate(registrar, BANK, 7)
    provision(services.admin, [BANK, OTHER], services.data.secret)
    add_member(registrar, BANK, services.data.secret)
    assert (agreed_rate(registrar, BANK), agreed_rate(registrar, OTHER)) == (7, quotas.AGREED)

    remove_member(registrar, BANK)
    add_member(registrar, BANK, services.data.secret, rate=9)
    assert agreed_rate(registrar, BANK) == 9
    assert agreed_rate(registrar, "bank-unknown") is None


@pytest.mark.services
def test_the_figures_of_a_former_release_are_made_anew_at_the_same_rate(
    services: EmbeddedServices, kafka_admin: KafkaAdminClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else a letter that is more than the broker's window lets through would be withheld for ever."""
    with monkeypatch.context() as former:
        former.setattr(quotas, "_READ_AT_LEAST", 500_000.0)
        add_member(services.admin, BANK, services.data.secret, rate=7)
        assert quotas._quotas(kafka_admin)[member_principal(BANK)]["consumer_byte_rate"] == 500_000
    provision(services.admin, [BANK], services.data.secret)
    assert quotas._quotas(kafka_admin)[member_principal(BANK)] == quotas.quota(7)


@pytest.mark.services
def test_who_has_an_invite_may_send_little_and_the_hub_what_it_must(
    services: EmbeddedServices, kafka_admin: KafkaAdminClient
) -> None:
    open_joining(services.admin, "bank-quota-new", "a code")
    rates = quotas.rates(kafka_admin)
    assert rates[joining_principal("bank-quota-new")] == quotas.INVITED
    assert not rates.keys() & {*INTERNAL, "admin"}


@pytest.mark.services
def test_a_member_can_not_agree_with_itself(services: EmbeddedServices) -> None:
    add_member(services.admin, BANK, services.data.secret)
    with admin(login_of(member_principal(BANK), services.admin, services.data.secret)) as client:
        with pytest.raises(Refused, match="Kafka refuses to show or set quotas"):
            quotas.agree(client, {member_principal(BANK): quotas.MOST})
        with pytest.raises(Refused, match="Kafka refuses to show or set quotas"):
            quotas.rates(client)
