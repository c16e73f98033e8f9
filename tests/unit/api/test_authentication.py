from __future__ import annotations

import asyncio
import base64
from dataclasses import replace

import pytest

from sikka.api.authentication import Authenticator, secret_of
from sikka.api.limits import TokenBuckets
from sikka.domain import api_key
from sikka.domain.errors import AuthenticationFailed, PermissionDenied, RateLimited
from sikka.domain.merchant import Scope
from tests.unit.api.world import PEPPER, World

SECRET = "sk_test_" + "a" * 40


class Seconds:
    def __init__(self) -> None:
        self.value = 0.0

    def __call__(self) -> float:
        return self.value


def authenticator(
    world: World, seconds: Seconds | None = None, burst: int = 1_000
) -> Authenticator:
    return Authenticator(
        world.memory, world.memory, PEPPER, 3.0, TokenBuckets(1e-6, burst), seconds or Seconds()
    )


def basic(user: str) -> str:
    return "Basic " + base64.b64encode(user.encode()).decode()


@pytest.mark.parametrize(
    "header",
    [f"Bearer {SECRET}", f"bearer  {SECRET}", basic(f"{SECRET}:"), basic(f"{SECRET}:anything")],
)
def test_a_secret_is_read_from_bearer_and_from_basic(header: str) -> None:
    assert secret_of(header) == SECRET


@pytest.mark.parametrize("header", [None, "", "Digest abc", SECRET])
def test_a_missing_key_is_told_apart_from_a_wrong_one(header: str | None) -> None:
    with pytest.raises(AuthenticationFailed) as refused:
        secret_of(header)
    assert refused.value.code == "api_key_missing"


@pytest.mark.parametrize(
    "header",
    [
        "Bearer ",
        "Bearer sk_test_short",
        f"Bearer {SECRET}x",
        f"Bearer pk_test_{'a' * 40}",
        f"Bearer sk_test_{'é' * 40}",
        f"Bearer sk_test_{'-' * 40}",
        "Basic ???",
        "Basic 4pyT",
    ],
)
def test_a_malformed_key_is_refused_without_being_looked_up(header: str) -> None:
    with pytest.raises(AuthenticationFailed) as refused:
        secret_of(header)
    assert refused.value.code == "api_key_invalid"
    assert "sk_test" not in str(refused.value)


async def test_a_key_is_found_by_its_keyed_hash(world: World) -> None:
    merchant = world.new_merchant()
    key, secret = world.new_key(merchant, Scope.READ)
    principal = await authenticator(world).principal(f"Bearer {secret}", None)
    assert (principal.key, principal.merchant) == (key, merchant)
    assert secret not in repr(key)


async def test_an_unknown_key_is_refused(world: World) -> None:
    with pytest.raises(AuthenticationFailed):
        await authenticator(world).principal(f"Bearer {SECRET}", None)


async def test_a_known_key_is_not_looked_up_again_for_a_while(world: World) -> None:
    seconds = Seconds()
    keys = authenticator(world, seconds)
    _, secret = world.new_key(world.new_merchant())
    for seconds.value in (0.0, 1.0, 2.9):
        await keys.principal(f"Bearer {secret}", None)
    assert world.memory.key_look_ups == 1
    seconds.value = 3.0
    await keys.principal(f"Bearer {secret}", None)
    assert world.memory.key_look_ups == 2


async def test_a_revoked_key_stops_working_within_the_bound(world: World) -> None:
    seconds = Seconds()
    keys = authenticator(world, seconds)
    key, secret = world.new_key(world.new_merchant())
    await keys.principal(f"Bearer {secret}", None)
    world.memory.add(replace(key, revoked_at=world.clock.now()))
    seconds.value = 3.0
    for _ in range(2):
        with pytest.raises(AuthenticationFailed):
            await keys.principal(f"Bearer {secret}", None)


async def test_a_key_whose_prefix_contradicts_its_mode_is_refused(world: World) -> None:
    key, secret = world.new_key(world.new_merchant(), livemode=True)
    world.memory.add(replace(key, livemode=False))
    with pytest.raises(AuthenticationFailed):
        await authenticator(world).principal(f"Bearer {secret}", None)


async def test_keys_of_an_inactive_merchant_may_do_nothing(world: World) -> None:
    merchant = world.new_merchant(active=False)
    _, secret = world.new_key(merchant)
    with pytest.raises(PermissionDenied):
        await authenticator(world).principal(f"Bearer {secret}", None)


async def test_guessing_keys_from_one_address_is_slowed_down(world: World) -> None:
    keys = authenticator(world, burst=3)
    for _ in range(3):
        with pytest.raises(AuthenticationFailed):
            await keys.principal(f"Bearer {SECRET}", "203.0.113.9")
    with pytest.raises(RateLimited):
        await keys.principal(f"Bearer {SECRET}", "203.0.113.9")
    with pytest.raises(AuthenticationFailed):
        await keys.principal(f"Bearer {SECRET}", "203.0.113.10")
    assert world.memory.key_look_ups == 4


async def test_who_was_let_in_a_moment_ago_does_not_count_as_guessing(world: World) -> None:
    _, secret = world.new_key(world.new_merchant(), Scope.READ)
    seconds = Seconds()
    door = authenticator(world, seconds, burst=1)
    for _ in range(3):
        await door.principal(f"Bearer {secret}", "203.0.113.9")
        seconds.value += 10.0
    with pytest.raises(RateLimited):
        await door.principal(f"Bearer {SECRET}", "203.0.113.9")


async def test_requests_that_come_together_under_one_key_share_its_look_up(world: World) -> None:
    key, secret = world.new_key(world.new_merchant(), Scope.READ)
    door = authenticator(world, burst=1)
    asked = (door.principal(f"Bearer {secret}", "203.0.113.9") for _ in range(50))
    assert {each.key.id for each in await asyncio.gather(*asked)} == {key.id}
    assert world.memory.key_look_ups == 1


async def test_a_request_that_is_given_up_takes_no_other_with_it(world: World) -> None:
    door = authenticator(world)
    first = asyncio.create_task(door.principal(f"Bearer {SECRET}", None))
    second = asyncio.create_task(door.principal(f"Bearer {SECRET}", None))
    await asyncio.sleep(0)
    first.cancel()
    with pytest.raises(AuthenticationFailed):
        await second


def test_secrets_are_long_random_and_carry_their_mode() -> None:
    secrets = {api_key.new_secret(livemode=True) for _ in range(100)}
    assert len(secrets) == 100
    assert all(api_key.has_form(each) and api_key.is_live(each) for each in secrets)
    assert not api_key.is_live(api_key.new_secret(livemode=False))


def test_a_hash_depends_on_the_pepper_and_a_short_pepper_is_refused() -> None:
    assert api_key.secret_hash(b"1" * 16, SECRET) != api_key.secret_hash(b"2" * 16, SECRET)
    with pytest.raises(ValueError, match="at least 16 bytes"):
        api_key.secret_hash(b"short", SECRET)


@pytest.mark.parametrize(
    ("held", "allowed"),
    [
        ((Scope.READ,), {Scope.READ}),
        ((Scope.PAYMENTS,), {Scope.PAYMENTS, Scope.READ}),
        ((Scope.REFUNDS,), {Scope.REFUNDS, Scope.READ}),
        ((Scope.ADMIN,), set(Scope)),
    ],
)
async def test_a_key_may_do_what_its_scopes_say_and_nothing_else(
    world: World, held: tuple[Scope, ...], allowed: set[Scope]
) -> None:
    _, secret = world.new_key(world.new_merchant(), *held)
    principal = await authenticator(world).principal(f"Bearer {secret}", None)
    for scope in Scope:
        if scope in allowed:
            principal.require(scope)
        else:
            with pytest.raises(PermissionDenied):
                principal.require(scope)
