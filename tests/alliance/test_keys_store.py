"""A member's key file: whole, for its owner alone, and silent about what is in it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import orjson
import pytest

from alliance.errors import SetupError
from alliance.keys.encoding import encode
from alliance.keys.seals import seal, unseal
from alliance.keys.signatures import sign, verify
from alliance.keys.store import MemberKeys, generate, load
from alliance.keys.tokens import TokenKeys

TOKENS = TokenKeys({"e1": b"\x05" * 32, "e2": b"\x06" * 32})


@pytest.fixture
def keys() -> MemberKeys:
    return generate("bank-a", TOKENS)


def test_what_was_saved_still_signs_opens_and_tokenises(keys: MemberKeys, tmp_path: Path) -> None:
    path = tmp_path / "bank-a.json"
    keys.save(path)
    again = load(path)
    assert (again.member, again.key_id, again.kid) == ("bank-a", "k1", "bank-a/k1")
    assert again.public == keys.public
    assert verify(sign(again.signing, again.kid, b"[]"), b"[]", lambda kid: keys.public.verifier()) == "bank-a/k1"
    assert unseal(again.sealing, seal(keys.public.sealing_bytes(), b"x", b"i", b"e"), b"i", b"e") == b"x"
    assert again.tokens is not None
    assert again.tokens.tokens("number", "+1") == TOKENS.tokens("number", "+1")


def test_the_token_keys_of_epochs_that_are_over_are_kept_apart(keys: MemberKeys, tmp_path: Path) -> None:
    after = replace(keys, tokens=TOKENS.cut_over().in_place_of(TOKENS))
    after.save(tmp_path / "bank-a.json")
    tokens = load(tmp_path / "bank-a.json").tokens
    assert tokens is not None
    assert (tokens.epochs, tokens.ended) == ({"e2": b"\x06" * 32}, {"e1": b"\x05" * 32})


def test_the_hubs_file_has_no_token_key(tmp_path: Path) -> None:
    generate("hub").save(tmp_path / "hub.json")
    assert load(tmp_path / "hub.json").tokens is None


def test_only_the_owner_can_read_the_file_and_no_trace_is_left_beside_it(keys: MemberKeys, tmp_path: Path) -> None:
    path = tmp_path / "bank-a.json"
    keys.save(path)
    keys.save(path)
    assert path.stat().st_mode & 0o777 == 0o600
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620])
def test_a_file_that_others_can_reach_is_refused_with_the_remedy(keys: MemberKeys, tmp_path: Path, mode: int) -> None:
    path = tmp_path / "bank-a.json"
    keys.save(path)
    path.chmod(mode)
    with pytest.raises(SetupError, match="chmod 600"):
        load(path)


def test_absent_broken_and_foreign_files_are_named(keys: MemberKeys, tmp_path: Path) -> None:
    with pytest.raises(SetupError, match="no key file"):
        load(tmp_path / "absent.json")
    with pytest.raises(SetupError, match=r"nowhere.*check the folder"):
        keys.save(tmp_path / "nowhere" / "k.json")
    path = tmp_path / "bank-a.json"
    keys.save(path)
    good = orjson.loads(path.read_bytes())
    broken: list[object] = [{**good, "version": 9}, {**good, "signing": "short"}, {**good, "tokens": 3}, [], {}]
    for bad in broken:
        path.write_bytes(orjson.dumps(bad))
        with pytest.raises(SetupError, match="not a key file") as caught:
            load(path)
        assert caught.value.__cause__ is None


def test_a_secret_never_shows(keys: MemberKeys) -> None:
    shown = repr(keys) + str(keys) + repr(keys.public)
    for secret in (keys.signing.private_bytes_raw(), keys.sealing.private_bytes_raw(), *TOKENS.epochs.values()):
        assert encode(secret) not in shown
        assert secret.hex() not in shown
        assert repr(secret) not in shown


@pytest.mark.parametrize("member", ["", "a/b", "银行", "a b"])
def test_a_member_must_have_a_name_that_fits_a_kid(member: str) -> None:
    with pytest.raises(ValueError, match="not a name"):
        generate(member)
