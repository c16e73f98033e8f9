"""The world outside a payment gateway, simulated: for demonstrations, for tests, and as a judge.

It shares no code with the gateway. XML is read by lxml and signed by libxmlsec, webhooks are
verified by ``standardwebhooks``; a message that passes here was not written and judged by the same
hand.

    world = await World.start(WorldConfig(time_scale=0.01))
    world.register_organisation("400011", gateway_certificate_pem)
    world.set_gateway("http://127.0.0.1:8080")
    ...
    payment = await world.npci.record.decided(transaction_id)
    await world.stop()

==============  =================================================================================
`World`         switch, sponsor bank and merchant on their ports; ``python -m sikka_sim`` runs it
alone `SCRIPTS`       what each scripted customer does, by the local part of ``<name>@simbank``
`sikka_sim.npci`     the UPI switch and its wire
`sikka_sim.sponsor`  a sponsor bank's JSON façade and its wire
`sikka_sim.merchant` the receiver of webhooks
`sikka_sim.rail`     what both rails do with money, and the record of it
==============  =================================================================================
"""

from sikka_sim.keys import KeyPair, generate_key_pair, new_key_pair
from sikka_sim.merchant.app import Behaviour, Merchant, Received
from sikka_sim.npci.switch import Switch
from sikka_sim.rail.engine import Timing
from sikka_sim.rail.record import Message, Record
from sikka_sim.rail.transaction import Transaction
from sikka_sim.scripts import SCRIPTS, Script
from sikka_sim.sponsor.bank import SponsorBank
from sikka_sim.world import World, WorldConfig, WorldKeys

__all__ = [
    "SCRIPTS",
    "Behaviour",
    "KeyPair",
    "Merchant",
    "Message",
    "Received",
    "Record",
    "Script",
    "SponsorBank",
    "Switch",
    "Timing",
    "Transaction",
    "World",
    "WorldConfig",
    "WorldKeys",
    "generate_key_pair",
    "new_key_pair",
]
