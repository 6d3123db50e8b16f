"""The Faust app: two agents over the two stages, and the wiring of what they share.

Typed topics and Faust's own tables are not used: raw values are validated by the stages, and state moves in the owners'
transactions.
"""

from __future__ import annotations

import asyncio

import faust
from aiokafka import AIOKafkaProducer
from faust.transport.drivers.aiokafka import Transport
from faust.types import TP, StreamT

from alliance import kafka, metrics
from alliance.clock import AllianceClock
from alliance.kafka import KafkaLogin
from alliance.roll import Roll
from schemas.topics import (
    ALIAS,
    RISK_CHECK,
    SIGNALS,
    SUSPICIOUS_ACCOUNT,
    SUSPICIOUS_HANDLE,
    SUSPICIOUS_NUMBER,
    VICTIM_REPORT,
    WITHDRAWAL,
)
from streams.allowing import Allowed
from streams.batches import Batches
from streams.core.rules import Rules
from streams.correlate import Owner, Part
from streams.driver import Room, bounded
from streams.ending import ends_the_process
from streams.following import Following
from streams.intake import Intake
from streams.receipts import Receipts
from streams.recovery import client_options

GROUP = "afa-streams"
INBOUND = (SUSPICIOUS_ACCOUNT, SUSPICIOUS_NUMBER, SUSPICIOUS_HANDLE, VICTIM_REPORT, WITHDRAWAL, ALIAS, RISK_CHECK)


class Worker:
    """One stream worker: `app` is what Faust runs. `partitions` are those of the whole state."""

    def __init__(
        self, login: KafkaLogin, roll: Roll, clock: AllianceClock, rules: Rules, partitions: int, group: str = GROUP
    ) -> None:
        self._login, self._clock, self._rules, self._group = login, clock, rules, group
        self._partitions = partitions
        self._following = Following(login, roll, clock, self._allow, self._lead_under)
        self._owners: dict[int, Owner] = {}
        self._entrance: tuple[Batches, AIOKafkaProducer] | None = None
        self._receipts = Receipts()
        self.app = self._new_app()
        self._room = Room()
        self.app.transport = Transport(self.app.conf.broker_consumer, self.app)
        bounded(self.app.transport, self._room, frozenset({SIGNALS.name}))
        self._connect()

    def _new_app(self) -> faust.App:
        return faust.App(
            self._group,
            broker=[f"kafka://{address}" for address in self._login.bootstrap.split(",")],
            broker_credentials=kafka.faust_credentials(self._login),
            broker_session_timeout=10.0,
            broker_heartbeat_interval=2.0,
            broker_max_poll_records=None,
            consumer_auto_offset_reset="earliest",
            # A broker that has just come up names no topics: the group shares out nothing until it looks again.
            consumer_metadata_max_age_ms=3_000,
            stream_buffer_maxsize=65536,
            stream_wait_empty=True,
            stream_recovery_delay=0.0,
            table_standby_replicas=0,
            topic_disable_leader=True,
            topic_allow_declare=False,
            web_enabled=False,
            autodiscover=False,
        )

    def _connect(self) -> None:
        app = self.app
        inbound = app.topic(*(topic.name for topic in INBOUND), key_serializer="raw", value_serializer="raw")
        signals = app.topic(SIGNALS.name, key_serializer="raw", value_serializer="raw")

        @app.agent(inbound, name="intake")
        async def intake(stream: StreamT[bytes]) -> None:
            with ends_the_process("intake"):
                batches = await self._start_intake()
                async for event in stream.noack().events():
                    batches.put(event)

        @app.agent(signals, name="correlate")
        async def correlate(stream: StreamT[bytes]) -> None:
            with ends_the_process("correlate"):
                async for event in stream.noack().events():
                    self._owners[event.message.partition].put(event)

        app.on_partitions_revoked.connect(self._on_revoked, weak=False)
        app.on_rebalance_complete.connect(self._on_rebalanced, weak=False)
        app.on_before_shutdown.connect(self._on_shutdown, weak=False)

    async def _start_intake(self) -> Batches:
        """Nothing is let in before it is known who is a member."""
        await self._following.ready()
        producer = AIOKafkaProducer(
            enable_idempotence=True,
            acks="all",
            max_batch_size=512 * 1024,
            max_request_size=2_000_000,
            **client_options(self._login),
        )
        await producer.start()
        known = self._following
        intake = Intake(
            producer, known.registry, self._clock, self._rules, self._receipts, self._partitions, lambda: known.in_force
        )
        batches = Batches("intake", intake.handle, self._room)
        batches.start()
        self._entrance = batches, producer
        return batches

    async def _on_shutdown(self, app: faust.App, **_: object) -> None:
        """No transaction is left open, for which who reads leads would wait."""
        if self._entrance is not None:
            batches, producer = self._entrance
            await batches.stop()
            await producer.stop()
        await self._keep_only(set())

    async def _on_revoked(self, app: faust.App, revoked: set[TP], **_: object) -> None:
        """What was applied is written by now (`stream_wait_empty`); whoever owns the partition next may fence us."""
        await self._keep_only(set())

    async def _on_rebalanced(self, app: faust.App, **_: object) -> None:
        """Awaited before the partitions resume: no signal arrives ahead of the state and of the allow-list."""
        await self._following.ready()
        mine = {tp.partition for tp in app.consumer.assignment() if tp.topic == SIGNALS.name}
        await self._keep_only(mine)
        fresh = [
            Owner(
                Part(partition, self._partitions),
                self._group,
                self._login,
                self._clock,
                self._rules,
                self._room,
                self._receipts,
            )
            for partition in sorted(mine - self._owners.keys())
        ]
        await asyncio.gather(*(owner.start(self._following.leading, self._following.allowed) for owner in fresh))
        self._owners.update({owner.partition: owner for owner in fresh})
        self._allow(self._following.allowed)
        self._lead_under(self._following.leading)
        metrics.PARTITIONS_OWNED.set(len(self._owners))

    def _allow(self, entries: Allowed) -> None:
        for owner in self._owners.values():
            owner.allow(entries)

    def _lead_under(self, epoch: str | None) -> None:
        for owner in self._owners.values():
            owner.lead_under(epoch)

    async def _keep_only(self, partitions: set[int]) -> None:
        for partition in self._owners.keys() - partitions:
            await self._owners.pop(partition).stop()
