"""Every metric of every process, in one place: its name, its meaning and its labels. Must hold no logic.

One section a process. Names are `afa_<process>_<what>[_total]`; none may carry a member's or a citizen's data
in a label
beyond a member's own id.
"""

from __future__ import annotations

from prometheus_client import Counter, Gauge

# The stream worker
INTAKE_BYTES = Counter("afa_intake_bytes", "Bytes of inbound bundles read")
EVENTS_ACCEPTED = Counter("afa_intake_events_accepted", "Events let in", ["kind"])
QUARANTINED = Counter("afa_intake_quarantined", "Events or whole bundles refused", ["reason"])
CORRELATED = Counter("afa_correlate_events", "What the correlation took, by what it was", ["what"])
SIGNALS_UNREADABLE = Counter("afa_correlate_signals_unreadable", "Records of `signals` that are none")
LEADS_PUBLISHED = Counter("afa_correlate_leads_published", "Snapshots of leads written")
STATE_KEYS = Gauge("afa_correlate_state_keys", "Live keys", ["partition"])
STATE_RECOVERED = Counter("afa_correlate_state_recovered", "Keys read back from the changelog")
PARTITIONS_OWNED = Gauge("afa_correlate_partitions_owned", "Partitions that this worker owns")
