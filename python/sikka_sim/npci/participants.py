"""The organisations that the switch knows, each with its pinned key and its handles."""

from __future__ import annotations

from dataclasses import dataclass

from sikka_sim.npci.xmldsig import VerifyingKey


class UnknownOrganisation(Exception):
    """No organisation has this id (U52), or it is not registered as a PSP (U17).

    Attributes:
        code: the code of the negative Ack.
    """

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code = code


@dataclass(frozen=True, slots=True)
class Organisation:
    """A participant.

    Attributes:
        org_id: ``Head@orgId``.
        key: its pinned public key.
        handles: the VPA handles that it serves, lower case.
        registered: whether it may act as a PSP.
    """

    org_id: str
    key: VerifyingKey
    handles: frozenset[str]
    registered: bool = True


class Participants:
    """The register of organisations."""

    def __init__(self) -> None:
        self._organisations: dict[str, Organisation] = {}

    def register(
        self,
        org_id: str,
        certificate_pem: bytes,
        handles: tuple[str, ...] = (),
        *,
        registered: bool = True,
    ) -> None:
        """Pin an organisation's key; a second call replaces it.

        Args:
            org_id: ``Head@orgId``.
            certificate_pem: the certificate whose key signs its messages.
            handles: the VPA handles that it serves; the only organisation serves every handle.
            registered: False for one that is known but may not act as a PSP (U17).

        Raises:
            ValueError: the certificate is none, or its key is not RSA.
        """
        key = VerifyingKey(certificate_pem)
        lowered = frozenset(handle.lower() for handle in handles)
        self._organisations[org_id] = Organisation(org_id, key, lowered, registered)

    def sender(self, org_id: str) -> Organisation:
        """The organisation that sent a message.

        Raises:
            UnknownOrganisation: U52 or U17.
        """
        organisation = self._organisations.get(org_id)
        if organisation is None:
            raise UnknownOrganisation("U52", "Head@orgId is missing or unknown")
        if not organisation.registered:
            raise UnknownOrganisation("U17", "the organisation is not registered as a PSP")
        return organisation

    def psp_of(self, address: str) -> Organisation | None:
        """The PSP that serves a VPA's handle, or None."""
        handle = address.partition("@")[2].lower()
        active = [o for o in self._organisations.values() if o.registered]
        for organisation in active:
            if handle in organisation.handles:
                return organisation
        if len(active) == 1 and not active[0].handles:
            return active[0]
        return None
