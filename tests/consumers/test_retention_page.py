"""Each table and each topic has its retention in docs/security.md, as the code has it."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

from alliance.profiles.page import duration
from consumers.casebook.retention.periods import KEPT, Period
from consumers.casebook.tables import Base
from schemas.topics import TOPICS, joining_topic, member_topic

PAGE = Path(__file__).parents[2] / "docs" / "security.md"
NAMES = {Period.CASE: "`retention.case_s`", Period.SUSPICION: "`retention.suspicion_s`", None: "–"}


def block() -> str:
    """What must stand between the marks."""
    rows: dict[tuple[str, str], list[str]] = defaultdict(list)
    for name, kept in KEPT.items():
        rows[NAMES[kept.period], kept.why].append(f"`{name}`")
    units = [(member_topic("m"), "`to.<member>`"), (joining_topic("m"), "`joining.<member>`")]
    for topic, name in [*((topic, f"`{topic.name}`") for topic in TOPICS), *units]:
        kept_for = duration(topic.retention_ms // 1000) if topic.retention_ms > 0 else "–"
        rows[kept_for, topic.kept()].append(f"topic {name}")
    lines = [f"| {', '.join(names)} | {length} | {why} |" for (length, why), names in rows.items()]
    return "\n".join(["| What | Kept | From when |", "|---|---|---|", *lines])


def test_the_page_says_how_long_everything_is_kept() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert page.partition("<!-- retention -->\n")[2].partition("\n\n<!-- /retention -->")[0] == block()


def test_every_table_of_the_code_has_its_retention() -> None:
    assert {table.name for table in Base.metadata.sorted_tables} <= set(KEPT)


def test_what_is_read_anew_from_the_topics_is_not_younger_than_what_was_erased() -> None:
    assert all(topic.slack_ms * 10 <= topic.retention_ms for topic in TOPICS if topic.retention_ms > 0)
