"""The two legs of a transaction, debit and credit, with what the switch does when a bank is silent.

A bank is a table of answers: the script's code, or silence for as long as the switch's timer. The
order of steps and the codes follow NPCI's reversal rules: a debit that times out is reversed; a
credit that times out is asked for up to three times, then reversed, and stays deemed while nobody
knows.
"""

from __future__ import annotations

from dataclasses import dataclass

from sikka_sim.clock import Clock
from sikka_sim.rail.transaction import Status, Transaction

LEG_TIMEOUT_S = 15.0
CHECK_TIMEOUT_S = 10.0
REVERSAL_TIMEOUT_S = 10.0
BENEFICIARY_CHECKS = 3


@dataclass(frozen=True, slots=True)
class BankAnswers:
    """How the banks answer the legs of one transaction; None is silence until the timer ends.

    Attributes:
        debit, credit: the legs.
        debit_reversal, credit_reversal: the reversals.
    """

    debit: str | None = "00"
    credit: str | None = "00"
    debit_reversal: str | None = "00"
    credit_reversal: str | None = None


@dataclass(frozen=True, slots=True)
class Decision:
    """What the legs came to."""

    status: Status
    error_code: str = ""
    payer_code: str = ""
    payee_code: str = ""


class Banks:
    """The remitter and beneficiary banks, which remember the RRNs that they have seen.

    Args:
        clock: how long things take.
        bank_s: how long a bank works on a leg, in seconds.
    """

    def __init__(self, clock: Clock, bank_s: float) -> None:
        self._clock = clock
        self._bank_s = bank_s
        self._debits: set[tuple[str, str]] = set()
        self._credits: set[tuple[str, str]] = set()

    async def settle(self, transaction: Transaction, answers: BankAnswers) -> Decision:
        """Run debit and credit and, where they fail, what puts the money right.

        Args:
            transaction: its amounts and steps are written as the banks act.
            answers: the banks' answers.
        """
        debit = await self._leg(transaction, "DEBIT", self._debit_answer(transaction, answers))
        if debit is None:
            return await self._debit_silent(transaction, answers)
        if debit != "00":
            return Decision("FAILURE", "U30", debit)
        transaction.debited_minor = transaction.amount_minor
        credit = await self._leg(transaction, "CREDIT", self._credit_answer(transaction, answers))
        if credit is None:
            return await self._credit_silent(transaction, answers)
        if credit != "00":
            await self._step(transaction, "REVERSAL(DEBIT) 00", self._bank_s)
            transaction.reversed_minor = transaction.amount_minor
            return Decision("FAILURE", "U31", "21", credit)
        transaction.credited_minor = transaction.amount_minor
        return Decision("SUCCESS", "", "00", "00")

    def _debit_answer(self, transaction: Transaction, answers: BankAnswers) -> str | None:
        seen = (transaction.payer.bank, transaction.rrn)
        if seen in self._debits:
            return "DT"
        self._debits.add(seen)
        return answers.debit

    def _credit_answer(self, transaction: Transaction, answers: BankAnswers) -> str | None:
        seen = (transaction.payee.bank, transaction.rrn)
        if seen in self._credits:
            return "DF"
        self._credits.add(seen)
        return answers.credit

    async def _leg(self, transaction: Transaction, name: str, answer: str | None) -> str | None:
        seconds = self._bank_s if answer else LEG_TIMEOUT_S
        await self._step(transaction, f"{name} {answer or 'timeout'}", seconds)
        return answer

    async def _step(self, transaction: Transaction, step: str, seconds: float) -> None:
        await self._clock.sleep(seconds)
        transaction.steps.append(step)

    async def _debit_silent(self, transaction: Transaction, answers: BankAnswers) -> Decision:
        """The remitter was silent: its money may be gone, so the switch has it put back."""
        answer = answers.debit_reversal
        seconds = self._bank_s if answer else REVERSAL_TIMEOUT_S
        await self._step(transaction, f"REVERSAL(DEBIT) {answer or 'timeout'}", seconds)
        if answer in ("ND", "OD"):
            return Decision("FAILURE", "U67", answer)
        transaction.debited_minor = transaction.amount_minor
        if answer is None:
            return Decision("FAILURE", "U67", "RR")
        if answer == "96":
            return Decision("DEEMED", "", "96")
        transaction.reversed_minor = transaction.amount_minor
        return Decision("FAILURE", "U67", "UT")

    async def _credit_silent(self, transaction: Transaction, answers: BankAnswers) -> Decision:
        """The beneficiary was silent: ask three times, then reverse; no answer is deemed."""
        for _ in range(BENEFICIARY_CHECKS):
            await self._step(transaction, "CHKTXN timeout", CHECK_TIMEOUT_S)
        answer = answers.credit_reversal
        seconds = self._bank_s if answer else REVERSAL_TIMEOUT_S
        await self._step(transaction, f"REVERSAL(CREDIT) {answer or 'timeout'}", seconds)
        if answer is None:
            return Decision("DEEMED", "", "00", "RB")
        if answer == "96":
            return Decision("DEEMED", "", "00", "96")
        if answer == "CS":
            transaction.credited_minor = transaction.amount_minor
            return Decision("SUCCESS", "", "00", "CS")
        transaction.reversed_minor = transaction.amount_minor
        return Decision("FAILURE", "U31", "21", "BT" if answer == "00" else answer)
