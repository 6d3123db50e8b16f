"""Token epochs: which there are, which one leads come under, and how a member gets a key.

The list of epochs travels on `rules`, signed by the registrar as a record of the registry is; the key on `to.<member>`,
sealed to the member alone. A token key must never stand in one of these but within a seal.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StringConstraints, ValidationError

from schemas.base import MemberId, Message, Timestamp
from schemas.joining import EpochKey
from schemas.requests import Jws

EpochName = Annotated[str, StringConstraints(pattern=r"^e[1-9][0-9]{0,6}$")]
"""Epochs are numbered, so that whoever has one knows which is older."""
EPOCHS_KEY = "epochs"
"""Key of the list's record on `rules`, where no other has a key without a slash."""
FORMER_HEADER = "afa-former"
"""Header of a lead's record: the subject's token under the older epoch."""
RETIRED_HEADER = "afa-retired"
"""Header of a lead's record: the lead does not fall, it comes under the newer epoch from now on."""


class Epoch(Message):
    """One epoch; `since` is when its key was made, in alliance time."""

    epoch: EpochName
    since: Timestamp


class Epochs(Message):
    """The epochs whose keys members hold: one, or two while they overlap, the older first; leads come under it."""

    epochs: Annotated[list[Epoch], Field(min_length=1, max_length=2)]
    at: Timestamp
    """When this was decided, in alliance time."""

    @property
    def leading(self) -> str:
        return self.epochs[0].epoch


def listed(value: bytes) -> Epochs | None:
    """The list of epochs that these bytes are; None for anything else that the registrar may have signed."""
    try:
        return Epochs.model_validate_json(value)
    except ValidationError:
        return None


class EpochGrant(Message):
    """What the registrar signs for one member; `sealed` is an EpochKeys that it alone can open."""

    member: MemberId
    epochs: Annotated[list[EpochName], Field(min_length=1, max_length=2)]
    sealed: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{64,8000}$")]


class EpochKeys(Message):
    """The token keys of the epochs, the older first."""

    keys: Annotated[list[EpochKey], Field(min_length=1, max_length=2)]


class EpochTaken(Message):
    """What a member signs once it has the keys of these epochs, and makes tokens under all of them."""

    member: MemberId
    epochs: Annotated[list[EpochName], Field(min_length=1, max_length=2)]


class EpochView(Message):
    """An epoch as the registrar is shown it."""

    epoch: EpochName
    since: Timestamp
    leads: bool
    """Leads come under it."""
    taken: list[MemberId]
    """Active members that have its key."""
    missing: list[MemberId]
    """Active members that have not, as far as they have said."""


class TokenKeysLetter(Message):
    """A change of the token keys, on `to.<member>`: `jws` is an EpochGrant within the registrar's signature."""

    kind: Literal["token-keys"] = "token-keys"
    jws: Jws
