"""The embedded broker's `server.properties`: one node, tuned for one machine, closed to all but known principals."""

from __future__ import annotations

from pathlib import Path

from alliance.embedded.datadir import HOST

ADMIN = "admin"
CONTROLLER = "controller"
MAX_MESSAGE_BYTES = 1_500_000
_PLAIN = "org.apache.kafka.common.security.plain.PlainLoginModule"
_SCRAM = "org.apache.kafka.common.security.scram.ScramLoginModule"


def server_properties(home: Path, client_port: int, controller_port: int, admin: str, controller: str) -> str:
    """`admin` and `controller` are passwords: the text must go into a file of mode 0600."""
    scram = f'{_SCRAM} required username="{ADMIN}" password="{admin}";'
    # SCRAM users are kept by the controller itself, so its own listener can't use them to come up.
    plain = f'{_PLAIN} required username="{CONTROLLER}" password="{controller}" user_{CONTROLLER}="{controller}";'
    lines = {
        "process.roles": "broker,controller",
        "node.id": 1,
        "controller.quorum.bootstrap.servers": f"{HOST}:{controller_port}",
        "listeners": f"CLIENT://{HOST}:{client_port},CONTROLLER://{HOST}:{controller_port}",
        "advertised.listeners": f"CLIENT://{HOST}:{client_port},CONTROLLER://{HOST}:{controller_port}",
        "listener.security.protocol.map": "CLIENT:SASL_PLAINTEXT,CONTROLLER:SASL_PLAINTEXT",
        "controller.listener.names": "CONTROLLER",
        "inter.broker.listener.name": "CLIENT",
        "sasl.mechanism.inter.broker.protocol": "SCRAM-SHA-256",
        "sasl.mechanism.controller.protocol": "PLAIN",
        "listener.name.client.sasl.enabled.mechanisms": "SCRAM-SHA-256",
        "listener.name.client.scram-sha-256.sasl.jaas.config": scram,
        "listener.name.controller.sasl.enabled.mechanisms": "PLAIN",
        "listener.name.controller.plain.sasl.jaas.config": plain,
        "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
        "super.users": f"User:{ADMIN};User:{CONTROLLER}",
        "allow.everyone.if.no.acl.found": "false",
        "log.dirs": home / "logs",
        "auto.create.topics.enable": "false",
        "num.partitions": 2,
        "default.replication.factor": 1,
        "min.insync.replicas": 1,
        "offsets.topic.num.partitions": 4,
        "offsets.topic.replication.factor": 1,
        "transaction.state.log.num.partitions": 4,
        "transaction.state.log.replication.factor": 1,
        "transaction.state.log.min.isr": 1,
        "transaction.max.timeout.ms": 900_000,
        # A share group's state topic is created on demand, and needs replicas that one node can give.
        "share.coordinator.state.topic.replication.factor": 1,
        "share.coordinator.state.topic.min.isr": 1,
        "group.initial.rebalance.delay.ms": 0,
        # By default a member may send ten seconds' worth of its quota at once, and all others wait while that is read.
        "quota.window.num": 2,
        "message.max.bytes": MAX_MESSAGE_BYTES,
        "replica.fetch.max.bytes": MAX_MESSAGE_BYTES,
        "log.segment.bytes": 128 * 1024 * 1024,
        "log.cleaner.dedupe.buffer.size": 32 * 1024 * 1024,
        "num.network.threads": 2,
        "num.io.threads": 4,
        "background.threads": 2,
        "num.recovery.threads.per.data.dir": 2,
        # After a crash the new broker may register only when the old one's session is over: 9 s by default. A machine
        # that halts for longer than this leaves clients without any broker for a moment.
        "broker.session.timeout.ms": 5_000,
        "broker.heartbeat.interval.ms": 500,
    }
    return "".join(f"{key}={value}\n" for key, value in lines.items())
