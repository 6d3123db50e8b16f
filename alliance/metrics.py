"""Every metric of every process, in one place: its name, its meaning and its labels. Must hold no logic.

One section a process. Names are `afa_<process>_<what>[_total]`; no label may carry a member's or a citizen's data
beyond a member's own id.
"""

from __future__ import annotations

from prometheus_client import Counter, Gauge, Histogram

# Every process that follows the registry
REGISTRY_REFUSED = Counter("afa_registry_refused", "Records of `members`, and lists of epochs, that are not believed")

# The stream worker
INTAKE_BYTES = Counter("afa_intake_bytes", "Bytes of inbound bundles read")
EVENTS_ACCEPTED = Counter("afa_intake_events_accepted", "Events let in", ["kind"])
EPOCH_OVER = Counter("afa_intake_epoch_over", "Events that name things by no token epoch in force")
QUARANTINED = Counter("afa_intake_quarantined", "Events or whole bundles refused", ["reason"])
RECEIPTS_UNDELIVERABLE = Counter(
    "afa_intake_receipts_undeliverable", "Receipts not sent, since the member has no topic", ["member"]
)
CORRELATED = Counter("afa_correlate_events", "What the correlation took, by what it was", ["what"])
SIGNALS_UNREADABLE = Counter("afa_correlate_signals_unreadable", "Records of `signals` that are none")
LEADS_PUBLISHED = Counter("afa_correlate_leads_published", "Snapshots of leads written")
STATE_KEYS = Gauge("afa_correlate_state_keys", "Live keys", ["partition"])
STATE_RECOVERED = Counter("afa_correlate_state_recovered", "Keys read back from the changelog")
GENERATIONS = Counter("afa_correlate_generations", "Times that state of another version was given up and rebuilt")
SPARED = Counter("afa_correlate_spared", "Leads that an allow-list entry spared", ["entry"])
ALLOW_REFUSED = Gauge("afa_correlate_allow_refused", "Records of `rules` that are no entry that counts")
SATURATED = Gauge("afa_correlate_saturated", "Saturated identifiers among those met since the start", ["partition"])
PARTITIONS_OWNED = Gauge("afa_correlate_partitions_owned", "Partitions that this worker owns")

# The casebook
ANSWERS_TAKEN = Counter("afa_casebook_answers", "Answers put on record", ["status"])
AUTHORISED = Counter("afa_casebook_orders", "Officers' orders judged", ["result"])
CALLS_ANSWERED = Counter(
    "afa_casebook_calls_answered", "Calls to victims that were made, by their outcome", ["outcome"]
)
CALLS_BEYOND = Counter("afa_casebook_calls_beyond", "Calls drafted beyond what the desk can make in a day", ["level"])
DEAD_LETTERS = Counter(
    "afa_casebook_dead_letters", "Records that no turn could take: set aside, or found so at the start"
)
HOLDS_EXPIRED = Counter("afa_casebook_holds_expired", "Holds whose time ran out")
LEADS_REPEATED = Counter("afa_casebook_leads_repeated", "Snapshots that said nothing new")
LEADS_TAKEN = Counter("afa_casebook_leads", "Snapshots numbered and decided on")
OUTCOMES_TOLD = Counter("afa_casebook_outcomes", "Alerts of which their member was told what became")
REFUSED_INBOUND = Counter("afa_casebook_refused", "Events or whole bundles not taken", ["topic", "reason"])
REQUESTS_DRAFTED = Counter("afa_casebook_requests", "Requests drafted", ["action"])
TURN_SECONDS = Histogram("afa_casebook_turn_seconds", "Time that a turn with records took")
UNREADABLE = Counter("afa_casebook_unreadable", "Records of the hub's own topics that are none", ["topic"])

# The risk desk
RISK_ANSWERS = Counter("afa_riskdesk_answers", "Checks answered", ["member", "advice"])
RISK_KNOWN = Gauge("afa_riskdesk_known", "Leads in memory")
RISK_REFUSED = Counter("afa_riskdesk_refused", "Events or whole bundles not answered; intake tells of them", ["reason"])
RISK_REPEATED = Counter("afa_riskdesk_repeated", "Checks that came again")
RISK_SECONDS = Histogram("afa_riskdesk_seconds", "Time from reading checks until the broker has their answers")
RISK_STALE = Counter("afa_riskdesk_stale", "Bundles that waited too long to be answered")
RISK_UNDELIVERABLE = Counter(
    "afa_riskdesk_undeliverable", "Answers not sent, since the member has no topic", ["member"]
)
RISK_UNREADABLE = Counter("afa_riskdesk_unreadable", "Records of `leads` that are none")

# Dispatch
DISPATCHED = Counter("afa_dispatch_sent", "Records that the broker has acknowledged")
DISPATCH_FAILED = Counter("afa_dispatch_failed", "Records that the broker did not take; they are tried again")

# The auditor
AUDITED = Counter("afa_auditor_entries", "Entries of the audit copied to the topic")
AUDIT_BROKEN = Gauge("afa_auditor_broken", "1 once the database's chain no longer follows what the topic has")
CHECKPOINTS = Counter("afa_auditor_checkpoints", "Checkpoints signed and sent to members")

# The police's vault
VAULT_ANSWERS = Counter("afa_vault_answers", "Officers' questions answered, by what was said", ["answer"])
