"""What the city remembers from one run to the next: the day's number, and which accounts were mules."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from alliance.errors import SetupError
from alliance.files import write_atomically
from producers.city.acts import Story
from producers.reference.entries import AccountRef
from schemas import strictjson


@dataclass(frozen=True, slots=True)
class Diary:
    """`mules` are those of all days so far: a late order on one of them is not an innocent's."""

    days: int = 0
    mules: frozenset[tuple[str, str]] = field(default_factory=frozenset)

    def knows(self, account: AccountRef) -> bool:
        return (account.route, account.number) in self.mules

    def with_day(self, story: Story) -> Diary:
        """Written before the day is played, so that a day that breaks off is not played twice."""
        new = {(mule.route, mule.number) for scam in story.scams for mule in scam.mules}
        return Diary(story.day, self.mules | new)

    def save(self, path: Path) -> None:
        content = {"days": self.days, "mules": sorted(map(list, self.mules))}
        write_atomically(path, strictjson.dumps(content), mode=0o600)


def load(path: Path) -> Diary:
    """The diary in `path`, or an empty one. SetupError if it is none."""
    if not path.exists():
        return Diary()
    try:
        content = strictjson.loads(path.read_bytes())
        return Diary(int(content["days"]), frozenset((route, number) for route, number in content["mules"]))
    except (ValueError, TypeError, KeyError) as error:
        raise SetupError(f"{path}: not a diary of the city; put it aside to begin with day 1.") from error
