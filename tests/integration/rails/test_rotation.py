"""Keys change under a running gateway."""

from __future__ import annotations

from pathlib import Path

from sikka.domain.outcome import OutcomeKind
from sikka_sim.keys import KeyPair, new_key_pair
from sikka_sim.world import World, WorldConfig, WorldKeys
from tests.integration.rails.gateway import ORG_ID, Gateway, key_store
from tests.unit.rails.samples import merchant, now, payment, upi


async def test_the_switch_takes_a_new_certificate_without_our_stopping(
    world_keys: WorldKeys, our_keys: KeyPair, tmp_path: Path
) -> None:
    keys = key_store(tmp_path, our_keys.private_pem, {"NPCI": [world_keys.foreign.certificate_pem]})
    world = await World.start(WorldConfig(time_scale=0.002, keys=world_keys))
    world.register_organisation(ORG_ID, our_keys.certificate_pem)
    gateway = Gateway(world.npci_url, keys)
    async with gateway.running() as url:
        world.set_gateway(url)
        ours = payment(now())
        await gateway.rail.collect(ours, upi(ours), merchant(), now())
        await gateway.heard.until(lambda: bool(gateway.heard.named("rail.rejected")))
        assert gateway.listener.answers == []

        (tmp_path / "NPCI-0.pem").write_bytes(world_keys.switch.certificate_pem)
        assert keys.reload()

        told = await gateway.listener.until()
    await world.stop()
    assert told.kind is OutcomeKind.APPROVED
    assert gateway.statuses[0] == 401
    assert gateway.statuses[-1] == 200


async def test_we_take_a_new_signing_key_without_stopping(
    gateway: Gateway, world: World, tmp_path: Path
) -> None:
    following = new_key_pair("gateway, next")
    world.register_organisation(ORG_ID, following.certificate_pem)
    ours = payment(now())
    refused = await gateway.rail.collect(ours, upi(ours), merchant(), now())
    assert (refused.kind, refused.response_code) == (OutcomeKind.DECLINED, "U55")

    (tmp_path / "signing.pem").write_bytes(following.private_pem)
    assert gateway.keys.reload()

    again = payment(now())
    taken = await gateway.rail.collect(again, upi(again), merchant(), now())
    assert taken.kind is OutcomeKind.PENDING
    assert (await gateway.listener.until()).kind is OutcomeKind.APPROVED
