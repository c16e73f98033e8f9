"""From settings to rails."""

from __future__ import annotations

from sikka.domain.errors import NotFound
from sikka.journal.database import Database
from sikka.journal.replies import SqlReplies
from sikka.ports import Observer
from sikka.rails.sponsor.client import SponsorRail
from sikka.rails.sponsor.config import SponsorConfig
from sikka.rails.transport import TransportConfig, mutual_tls
from sikka.rails.upi.client import NpciRail
from sikka.rails.upi.config import NpciConfig
from sikka.rails.upi.keys import KeyStore, PinnedKey
from sikka.settings import Npci, Sponsor


class NoUpiCallbacks:
    """Stands where no switch is configured: there is no such route."""

    async def receive(
        self,
        api: str,  # noqa: ARG002 - the port's.
        version: str,  # noqa: ARG002 - the port's.
        path_txn_id: str,  # noqa: ARG002 - the port's.
        body: bytes,  # noqa: ARG002 - the port's.
    ) -> tuple[int, bytes]:
        """Raise NotFound."""
        raise NotFound("route_missing")


def npci_rail(npci: Npci, database: Database, observe: Observer) -> NpciRail:
    """The rail to the switch.

    Raises:
        ConfigurationError: a key file cannot be used.
        OSError: a file of mutual TLS cannot be read.
    """
    pinned = {
        organisation: [PinnedKey(each.certificate, each.not_before, each.not_after) for each in own]
        for organisation, own in npci.peers.items()
    }
    config = NpciConfig(
        transport=_transport(npci),
        org_id=npci.org_id,
        psp_prefix=npci.psp_prefix,
        switch_org_id=npci.switch_org_id,
        version=npci.version,
        path_prefix=npci.path_prefix,
        merchant_type=npci.merchant_type,
        onboarding_type=npci.onboarding_type,
        ownership=npci.ownership,
        sign_links=npci.sign_links,
        reply_timeout_s=npci.reply_timeout_s,
    )
    keys = KeyStore(npci.signing_key, pinned)
    tls = mutual_tls(npci.tls.authority, npci.tls.certificate, npci.tls.key) if npci.tls else None
    return NpciRail(config, keys, SqlReplies(database), observe, tls)


def sponsor_rail(name: str, sponsor: Sponsor, observe: Observer) -> SponsorRail:
    """The rail to a sponsor bank. Raises ConfigurationError when a value breaks its rule."""
    return SponsorRail(_sponsor(name, sponsor), observe)


def _sponsor(name: str, sponsor: Sponsor) -> SponsorConfig:
    return SponsorConfig(
        name=name,
        transport=_transport(sponsor),
        merchant_id=sponsor.merchant_id,
        psp_prefix=sponsor.psp_prefix,
        secret=sponsor.secret.reveal().encode(),
        callback_secrets=tuple(each.reveal().encode() for each in sponsor.callback_secrets),
    )


def _transport(rail: Npci | Sponsor) -> TransportConfig:
    return TransportConfig(
        url=rail.url,
        connections_max=rail.connections_max,
        connect_timeout_s=rail.connect_timeout_s,
        answer_timeout_s=rail.answer_timeout_s,
        breaker_failures=rail.breaker_failures,
        breaker_open_s=rail.breaker_open_s,
    )
