"""The key ring: published before it signs, signs no more before it is retired; secrets sealed anew."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import jwt
import pytest
from flask import Flask

from course_sync.database import Base, db
from course_sync.models import Organisation, Platform
from lti_tool.clock import Clock
from lti_tool.keys import FORGET_AFTER, JWKS_CACHE_SECONDS, KEEP_AFTER_ROTATION, PUBLISH_FIRST, ToolKeys
from lti_tool.models import ToolKey, WaitingLaunch
from lti_tool.reencryption import list_sealed_columns, reseal_all
from lti_tool.secrets import SealBroken, Sealer
from lti_tool.waiting_launches import SPENT

OLD, NEW = "o" * 40, "n" * 40
AT = datetime(2026, 3, 1, 8, tzinfo=UTC)


class Hands:
    """A clock whose hands the test moves."""

    def __init__(self) -> None:
        self.at = AT

    def __call__(self) -> datetime:
        return self.at


@pytest.fixture
def hands() -> Hands:
    return Hands()


@pytest.fixture
def ring(app_context: Flask, hands: Hands) -> ToolKeys:
    made = ToolKeys(app_context, Sealer([OLD]), Clock(read_real=hands))
    made.ensure()
    return made


def published(ring: ToolKeys) -> list[str]:
    return [key["kid"] for key in ring.jwks()["keys"]]


def signer(ring: ToolKeys) -> str:
    kid: str = jwt.get_unverified_header(ring.sign({"n": 1}))["kid"]
    return kid


def test_a_new_key_is_published_before_it_signs_and_the_old_one_after(ring: ToolKeys, hands: Hands) -> None:
    old = signer(ring)
    hands.at += timedelta(days=90)
    new = ring.rotate()
    assert (published(ring), signer(ring)) == ([new, old], old)
    hands.at += PUBLISH_FIRST
    assert (published(ring), signer(ring)) == ([new, old], new)
    hands.at += KEEP_AFTER_ROTATION - PUBLISH_FIRST
    assert (published(ring), signer(ring)) == ([new], new)


def test_a_platform_that_keeps_our_key_set_knows_the_new_key_before_it_signs() -> None:
    assert timedelta(seconds=JWKS_CACHE_SECONDS) <= PUBLISH_FIRST


def test_two_rotations_in_a_row_leave_one_signer(ring: ToolKeys, hands: Hands) -> None:
    old = signer(ring)
    hands.at += timedelta(days=90)
    second = ring.rotate()
    hands.at += timedelta(minutes=1)
    third = ring.rotate()
    assert set(published(ring)) == {old, second, third}
    assert signer(ring) == old
    hands.at += KEEP_AFTER_ROTATION
    assert published(ring) == [signer(ring)]


def test_a_key_that_got_out_ends_at_once(ring: ToolKeys) -> None:
    new = ring.rotate(at_once=True)
    assert (published(ring), signer(ring)) == ([new], new)


def test_another_process_follows_at_once(ring: ToolKeys, hands: Hands, app_context: Flask) -> None:
    """With a key it has never seen; and it neither signs with the old one nor publishes it any more."""
    other = ToolKeys(app_context, Sealer([OLD]), Clock(read_real=hands))
    assert signer(other) == signer(ring)
    new = ring.rotate(at_once=True)
    assert (signer(other), published(other)) == (new, [new])


def test_private_keys_are_deleted_after_their_time(ring: ToolKeys, hands: Hands) -> None:
    hands.at += timedelta(days=90)
    new = ring.rotate()
    hands.at += KEEP_AFTER_ROTATION + FORGET_AFTER + timedelta(seconds=1)
    assert ring.forget_retired() == 1
    assert [row.kid for row in db.session.query(ToolKey)] == [new]


@pytest.fixture
def stored(ring: ToolKeys) -> Platform:
    """A key and a token, both sealed under the old secret key."""
    house = Organisation(name="House", locale="en", time_zone="Europe/Paris", created_at=AT)
    db.session.add(house)
    db.session.flush()
    url = "https://lms.example"
    row = Platform(
        organisation_id=house.id,
        name="LMS",
        issuer=url,
        client_id="c",
        auth_login_url=url,
        auth_token_url=url,
        jwks_url=url,
        created_at=AT,
        moodle_token_sealed=Sealer([OLD]).seal("t" * 32),
    )
    db.session.add(row)
    db.session.commit()
    return row


def test_resealed_secrets_need_the_old_key_no_longer(stored: Platform) -> None:
    with pytest.raises(SealBroken):
        Sealer([NEW]).open(stored.moodle_token_sealed or "")
    outcome = reseal_all(Sealer([NEW, OLD]), AT)
    assert (outcome.rewritten, outcome.left) == (2, ())
    assert Sealer([NEW]).open(stored.moodle_token_sealed or "") == "t" * 32
    (key,) = db.session.query(ToolKey)
    assert "PRIVATE KEY" in Sealer([NEW]).open(key.private_key_sealed)
    assert reseal_all(Sealer([NEW]), AT).rewritten == 2


def test_a_secret_nobody_can_open_is_named_and_left(stored: Platform) -> None:
    lost = stored.moodle_token_sealed = Sealer(["x" * 40]).seal("t" * 32)
    db.session.commit()
    outcome = reseal_all(Sealer([NEW, OLD]), AT)
    assert outcome.rewritten == 1
    assert outcome.left == (f"platform.moodle_token_sealed of {stored.id}",)
    db.session.expire_all()
    assert stored.moodle_token_sealed == lost


def test_a_spent_ticket_has_nothing_sealed_and_is_no_failure(stored: Platform) -> None:
    kept = {"state_hash": "s" * 64, "platform_id": stored.id, "created_at": AT}
    claims = {"spent": SPENT, "open": Sealer([OLD]).seal("{}")}
    for ticket, sealed in claims.items():
        db.session.add(WaitingLaunch(ticket_hash=ticket, claims_sealed=sealed, **kept))
    db.session.commit()
    outcome = reseal_all(Sealer([NEW, OLD]), AT)
    assert (outcome.rewritten, outcome.left) == (3, ())
    db.session.expire_all()
    assert db.session.get_one(WaitingLaunch, "spent").claims_sealed == SPENT
    assert Sealer([NEW]).open(db.session.get_one(WaitingLaunch, "open").claims_sealed) == "{}"


def test_every_sealed_column_is_found() -> None:
    """What the code seals is kept in columns of that name; a new one is found without being listed."""
    found = {f"{column.table.name}.{column.name}" for column in list_sealed_columns()}
    assert found >= {"tool_key.private_key_sealed", "platform.moodle_token_sealed"}
    assert all(len(column.table.primary_key.columns) == 1 for column in list_sealed_columns())
    assert len(found) == sum(c.name.endswith("_sealed") for t in Base.metadata.tables.values() for c in t.c)
