"""The course of a transaction: the customer decides, banks move money, the owner is told."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Protocol

from sikka_sim.clock import Clock
from sikka_sim.rail.ids import Ids
from sikka_sim.rail.legs import LEG_TIMEOUT_S, BankAnswers, Banks, Decision
from sikka_sim.rail.record import Record
from sikka_sim.rail.tasks import Tasks
from sikka_sim.rail.transaction import FINAL, Status, Transaction
from sikka_sim.scripts import HANDLE, Delivery

BURST = 20
_NO_ORIGINAL = Decision("FAILURE", "U51", "XB", "XB")


@dataclass(frozen=True, slots=True)
class Timing:
    """How long things take, in seconds of the simulated world (the clock scales them).

    Attributes:
        customer_s: a customer decides.
        bank_s: a bank works on a leg.
        late_s: what is late comes so much later.
        slow_s: a slow HTTP answer.
        hang_s: a connection that hangs is closed after this.
        resolution_s: a deemed transaction is resolved after this.
        contradict_s: the lie follows the truth after this.
        retry_s: first pause before a message is sent again; it doubles each time.
        attempts_max: how often a message is sent while it is not acknowledged.
        answer_s: how long one HTTP exchange with the gateway may take, in real seconds.
        consent_s: what a payee's PSP is given at least for its consent, in real seconds: it works
            in real time, however fast this world runs.
    """

    customer_s: float = 1.0
    bank_s: float = 0.2
    late_s: float = 120.0
    slow_s: float = 5.0
    hang_s: float = 60.0
    resolution_s: float = 60.0
    contradict_s: float = 2.0
    retry_s: float = 1.0
    attempts_max: int = 6
    answer_s: float = 30.0
    consent_s: float = 5.0


@dataclass(frozen=True, slots=True)
class Telling:
    """What the owner is told of a transaction; a script may make it differ from the truth.

    Attributes:
        settled_minor: the settled amount in paise.
        payee_address: the payee's VPA.
        foreign_key: whether it is signed by a key that nobody knows.
    """

    transaction: Transaction
    decision: Decision
    settled_minor: int
    payee_address: str
    foreign_key: bool = False


class Teller(Protocol):
    """How an owner learns the outcome."""

    async def tell(self, telling: Telling, copies: int = 1) -> None:
        """Tell the owner, ``copies`` times at once; repeat while nobody acknowledges."""


class Engine:
    """Runs transactions on the rail.

    Args:
        record: where transactions are.
        banks: who moves the money.
        clock, timing: how long things take.
        ids: approval numbers.
        tasks: background work.
        teller: how owners learn outcomes; None tells nobody anything.
    """

    def __init__(
        self,
        record: Record,
        banks: Banks,
        clock: Clock,
        timing: Timing,
        ids: Ids,
        tasks: Tasks,
        teller: Teller | None,
    ) -> None:
        self._record = record
        self._banks = banks
        self._clock = clock
        self._timing = timing
        self._ids = ids
        self._tasks = tasks
        self._teller = teller

    async def pay(self, transaction: Transaction) -> None:
        """Take a COLLECT through the customer's decision and the legs, and tell the owner."""
        script = transaction.script
        if script.customer == "never":
            return
        refused = await self._authorise(transaction)
        if transaction.status in FINAL:
            return  # Somebody has resolved it by hand in the meantime.
        if refused is not None:
            self.decide(transaction, refused)
        else:
            await self.settle(transaction)
        await self.tell(transaction, script.delivery)

    async def settle(self, transaction: Transaction) -> None:
        """Run the legs of an authorised payment as its customer's script says, and decide it."""
        script = transaction.script
        answers = BankAnswers(
            script.debit, script.credit, script.debit_reversal, script.credit_reversal
        )
        await self._settle(transaction, answers, script.resolution)

    async def refund(self, transaction: Transaction) -> None:
        """Take a REFUND through its checks and legs, and tell the owner."""
        script = transaction.script.refund
        refused = self.reserve(transaction)
        if refused is not None:
            self.decide(transaction, refused)
            await self.tell(transaction, "once")
            return
        if script.when == "never":
            return
        if script.when == "late":
            await self._clock.sleep(self._timing.late_s)
        if transaction.status in FINAL:
            return
        answers = BankAnswers(script.debit, script.credit, "00", script.reversal)
        await self._settle(transaction, answers, script.resolution)
        await self.tell(transaction, script.delivery)

    def reserve(self, refund: Transaction) -> Decision | None:
        """Set the refund's amount aside at its original, so that refunds never exceed it.

        Returns:
            None, or why the refund fails: U51 (no such original of this owner, or it did not
            succeed), U12 (more than is left), U59 (another customer).
        """
        original = self._record.get(refund.original_id or "")
        if original is None or original.owner != refund.owner or original.kind == "REFUND":
            return _NO_ORIGINAL
        if original.status != "SUCCESS":
            return _NO_ORIGINAL
        if original.payer.address.lower() != refund.payee.address.lower():
            return Decision("FAILURE", "U59", "XB", "XB")
        if original.refunded_minor + refund.amount_minor > original.amount_minor:
            return Decision("FAILURE", "U12", "XD", "XD")
        original.refunded_minor += refund.amount_minor
        original.refund_ids.append(refund.id)
        refund.steps.append("RESERVED")
        return None

    def decide(self, transaction: Transaction, decision: Decision) -> None:
        """Write the outcome; one that has ended stays as it is.

        Raises:
            ValueError: the transaction has ended already.
        """
        if transaction.status in FINAL:
            raise ValueError("the transaction has ended already")
        transaction.status = decision.status
        transaction.error_code = decision.error_code
        transaction.payer_code = decision.payer_code
        transaction.payee_code = decision.payee_code
        transaction.decided_at = self._clock.now()
        if decision.status in ("SUCCESS", "DEEMED"):
            transaction.approval = self._ids.approval(transaction.id)
        if decision.status == "FAILURE" and "RESERVED" in transaction.steps:
            self._record[transaction.original_id or ""].refunded_minor -= transaction.amount_minor
        self._record.notify()

    def resolve(self, transaction: Transaction, status: Status, error_code: str = "") -> None:
        """End a pending or deemed transaction by hand or by a dispute, with its money.

        Args:
            transaction: what is not ended yet.
            status: SUCCESS or FAILURE.
            error_code: the failure's code, ``U31`` unless given.

        Raises:
            ValueError: the status is not final, the transaction has ended already, or the banks are
                at work on it.
        """
        if status not in FINAL:
            raise ValueError("status must be SUCCESS or FAILURE")
        if transaction.settling:
            raise ValueError("the banks are at work on the transaction")
        if status == "SUCCESS":
            self.decide(transaction, Decision("SUCCESS", "", "00", "00"))
            transaction.debited_minor = transaction.credited_minor = transaction.amount_minor
            return
        self.decide(transaction, Decision("FAILURE", error_code or "U31", "21", "NC"))
        transaction.reversed_minor = transaction.debited_minor

    async def tell(self, transaction: Transaction, delivery: Delivery) -> None:
        """Tell the owner the outcome in the manner of ``delivery``."""
        if self._teller is None or delivery == "none":
            return
        truth = Telling(
            transaction,
            Decision(
                transaction.status,
                transaction.error_code,
                transaction.payer_code,
                transaction.payee_code,
            ),
            transaction.amount_minor,
            transaction.payee.address,
        )
        if delivery == "wrong_amount":
            truth = replace(truth, settled_minor=transaction.amount_minor + 100)
        elif delivery == "wrong_party":
            truth = replace(truth, payee_address=f"somebodyelse@{HANDLE}")
        elif delivery == "wrong_signature":
            truth = replace(truth, foreign_key=True)
        await self._teller.tell(truth, BURST if delivery == "burst" else 1)
        if delivery == "contradict":
            await self._clock.sleep(self._timing.contradict_s)
            lie = Decision("FAILURE", "U30", "Z9", "")
            await self._teller.tell(replace(truth, decision=lie))

    async def _settle(
        self, transaction: Transaction, answers: BankAnswers, resolution: Status | None
    ) -> None:
        transaction.settling = True
        self._record.notify()
        decision = await self._banks.settle(transaction, answers)
        transaction.settling = False
        self.decide(transaction, decision)
        if transaction.status == "DEEMED" and resolution:
            self._tasks.spawn(self._resolve_later(transaction, resolution))

    async def _authorise(self, transaction: Transaction) -> Decision | None:
        script, timing = transaction.script, self._timing
        if script.customer == "ignores":
            await self._clock.sleep(transaction.expires_after_minutes * 60)
            return Decision("FAILURE", "U69", "X1")
        if script.customer == "unreachable":
            await self._clock.sleep(LEG_TIMEOUT_S)
        else:
            await self._clock.sleep(
                timing.late_s if script.customer == "late" else timing.customer_s
            )
        return None if script.refusal is None else Decision("FAILURE", *script.refusal)

    async def _resolve_later(self, transaction: Transaction, status: Status) -> None:
        await self._clock.sleep(self._timing.resolution_s)
        if transaction.status == "DEEMED":
            self.resolve(transaction, status)
