from __future__ import annotations

from tests.unit.api.conftest import Client
from tests.unit.api.world import World

TXN = "SKA01A207D9210311C62DD37DE7658D3C3E"


async def test_a_message_of_the_switch_reaches_its_adapter_as_it_came(
    client: Client, world: World
) -> None:
    body = b"<upi:RespPay xmlns:upi='http://npci.org/upi/schema/'>\xc3\xa9</upi:RespPay>"
    response = await client.post(
        f"/upi/RespPay/2.0/urn:txnid:{TXN}",
        data=body,
        headers={"Content-Type": "application/xml"},
    )
    assert (response.status, response.content_type) == (200, "application/xml")
    assert await response.read() == b"<ack/>"
    assert world.upi_callbacks.received == [("RespPay", "2.0", TXN, body)]


async def test_a_message_of_a_sponsor_reaches_its_adapter_with_its_headers(
    client: Client, world: World
) -> None:
    response = await client.post(
        "/callbacks/sponsor/simbank", data=b"{}", headers={"X-Signature": "abc"}
    )
    assert response.status == 200
    [(bank, headers, body)] = world.sponsor_callbacks.received
    assert (bank, headers["x-signature"], body) == ("simbank", "abc", b"{}")


async def test_a_message_that_is_too_large_is_not_even_read(client: Client, world: World) -> None:
    for path in (f"/upi/RespPay/2.0/urn:txnid:{TXN}", "/callbacks/sponsor/simbank"):
        response = await client.post(path, data=b"x" * (64 * 1024 + 1))
        assert response.status == 413
    assert world.upi_callbacks.received == world.sponsor_callbacks.received == []
