"""What each scripted customer does: ``<name>@simbank`` follows the table, the others pay.

A script is data. The engines of the rail read its fields; nothing else in the simulator knows a
name. `SCRIPTS` maps a name to its `Script`; ``python -m sikka_sim --scripts`` prints it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

HANDLE = "simbank"
"""The handle of the simulated customers' bank."""

Customer = Literal["approves", "ignores", "never", "late", "unreachable"]
Ack = Literal["prompt", "slow", "after_answer", "hang", "drop", "garbage", "refuse"]
Delivery = Literal[
    "once", "burst", "none", "wrong_amount", "wrong_party", "wrong_signature", "contradict"
]
Final = Literal["SUCCESS", "FAILURE", "DEEMED", "PENDING", "ABSENT"]


@dataclass(frozen=True, slots=True)
class Refunding:
    """How a refund to this customer goes.

    Attributes:
        debit, credit, reversal: the banks' answers of the refund's legs; None is silence.
        when: ``normally``; ``late`` (decided only after the configured delay); ``never`` (until
            resolved).
        delivery: whether a RespPay (or callback) tells the outcome.
        resolution: what a deemed refund becomes later; None leaves it deemed.
    """

    debit: str | None = "00"
    credit: str | None = "00"
    reversal: str | None = "00"
    when: Literal["normally", "late", "never"] = "normally"
    delivery: Delivery = "once"
    resolution: Literal["SUCCESS", "FAILURE"] | None = "SUCCESS"


@dataclass(frozen=True, slots=True)
class Script:
    """One customer's behaviour.

    Attributes:
        name: local part of the VPA.
        what: what happens, in words.
        final: the transaction's status on the rail in the end; ABSENT means that the rail never
            took it.
        customer: what the person does with the request: approves, ignores it until it expires, is
            never heard of (pending until told), approves late, or cannot be reached by the switch.
        refusal: (errCode, party's respCode) with which authorisation ends; None when it succeeds.
        debit, credit: the banks' answers of the legs, ``00`` or a decline; None is silence.
        debit_reversal, credit_reversal: the answers of the reversals; None is silence.
        resolution: what a deemed transaction becomes later; None leaves it deemed.
        ack: how the HTTP answer to ReqPay comes.
        delivery: how the outcome is told.
        refund: how a refund to this customer goes.
    """

    name: str
    what: str
    final: Final = "SUCCESS"
    customer: Customer = "approves"
    refusal: tuple[str, str] | None = None
    debit: str | None = "00"
    credit: str | None = "00"
    debit_reversal: str | None = "00"
    credit_reversal: str | None = None
    resolution: Literal["SUCCESS", "FAILURE"] | None = None
    ack: Ack = "prompt"
    delivery: Delivery = "once"
    refund: Refunding = Refunding()


def _declined(name: str, code: str, what: str) -> Script:
    return Script(name, f"the bank declines the debit: {what} (U30, {code})", "FAILURE", debit=code)


_TABLE = (
    Script("asha", "the customer approves and pays; so does every name that is not in this table"),
    _declined("insufficient", "Z9", "insufficient funds"),
    _declined("wrongpin", "ZM", "wrong PIN"),
    _declined("pintries", "Z6", "PIN tries exceeded"),
    _declined("limit", "Z8", "limit per transaction"),
    _declined("frequency", "Z7", "limit of transactions a day"),
    _declined("dormant", "ZX", "the account is dormant"),
    _declined("frozen", "YE", "the account is frozen"),
    Script("declined", "the customer declines (U19, ZA)", "FAILURE", refusal=("U19", "ZA")),
    Script("invalidvpa", "nobody has this address (U29, ZH)", "FAILURE", refusal=("U29", "ZH")),
    Script("risk", "the switch finds it too risky (U16, K1)", "FAILURE", refusal=("U16", "K1")),
    Script(
        "bankdown",
        "the customer's bank is not available (U28, XY)",
        "FAILURE",
        refusal=("U28", "XY"),
    ),
    Script(
        "authtimeout",
        "the customer's app does not answer the switch (U20, UP), after the timer",
        "FAILURE",
        customer="unreachable",
        refusal=("U20", "UP"),
    ),
    Script(
        "expire",
        "the customer ignores the request until EXPIREAFTER (U69, X1)",
        "FAILURE",
        customer="ignores",
    ),
    Script("debittimeout", "the debit times out and is reversed (U67, UT)", "FAILURE", debit=None),
    Script(
        "debitnotdone",
        "the debit times out; the bank says it never was (U67, ND)",
        "FAILURE",
        debit=None,
        debit_reversal="ND",
    ),
    Script(
        "debitlost",
        "debit and its reversal time out; a dispute closes it (U67, RR)",
        "FAILURE",
        debit=None,
        debit_reversal=None,
    ),
    Script(
        "creditdeclined", "credit declined, debit put back (U31, YF and 21)", "FAILURE", credit="YF"
    ),
    Script(
        "credittimeout",
        "deemed (RB): credit and reversal silent; later it is a SUCCESS",
        credit=None,
        resolution="SUCCESS",
    ),
    Script(
        "deemedfail",
        "deemed (RB); later it is a FAILURE (NC)",
        "FAILURE",
        credit=None,
        resolution="FAILURE",
    ),
    Script("deemedforever", "deemed (RB) and stays so until told", "DEEMED", credit=None),
    Script(
        "reversal00",
        "credit times out; its reversal answers 00: money back (U31)",
        "FAILURE",
        credit=None,
        credit_reversal="00",
    ),
    Script(
        "reversal96",
        "credit times out; its reversal answers 96: deemed until told",
        "DEEMED",
        credit=None,
        credit_reversal="96",
    ),
    Script(
        "reversalcs",
        "credit times out; its reversal says the credit was done (CS)",
        credit=None,
        credit_reversal="CS",
    ),
    Script(
        "reversalnc",
        "credit times out; its reversal says not done (U31, NC)",
        "FAILURE",
        credit=None,
        credit_reversal="NC",
    ),
    Script(
        "reversaloc",
        "credit times out; its reversal finds none (U31, OC)",
        "FAILURE",
        credit=None,
        credit_reversal="OC",
    ),
    Script(
        "lost",
        "acknowledged, never answered; a check says NO: the bank has none",
        "FAILURE",
        refusal=("NO", "NO"),
        delivery="none",
    ),
    Script("duplicate", "success, told twenty times at once", delivery="burst"),
    Script(
        "late",
        "nothing for a long while (late_s), then the customer approves after all",
        customer="late",
    ),
    Script("outoforder", "the outcome arrives before the Ack of the request", ack="after_answer"),
    Script(
        "wrongamount",
        "success, told with another settAmount; a check tells the truth",
        delivery="wrong_amount",
    ),
    Script(
        "wrongparty",
        "success, told with another payee; a check tells the truth",
        delivery="wrong_party",
    ),
    Script(
        "wrongsignature",
        "success, told under a foreign key only; a check tells the truth",
        delivery="wrong_signature",
    ),
    Script(
        "noack",
        "taken, but the connection hangs and closes; only a check tells SUCCESS",
        ack="hang",
        delivery="none",
    ),
    Script(
        "dropack", "taken, connection closed without an answer; the outcome is told", ack="drop"
    ),
    Script("nackd", "negative Ack U90: not taken (a check says U48)", "ABSENT", ack="refuse"),
    Script(
        "garbageack",
        "taken, answered with something that is no Ack; the outcome is told",
        ack="garbage",
    ),
    Script("slow", "taken, the Ack comes slowly (slow_s)", ack="slow"),
    Script("silent", "acknowledged, never decided until told", "PENDING", customer="never"),
    Script(
        "contradict",
        "success, told; later a FAILURE is told, which is a lie",
        delivery="contradict",
    ),
    Script("refundfail", "pays; a refund fails (U31, XI)", refund=Refunding(credit="XI")),
    Script(
        "refundpending",
        "pays; a refund stays pending until told",
        refund=Refunding(when="never", delivery="none"),
    ),
    Script(
        "refundlate",
        "pays; a refund succeeds after late_s and only a check tells",
        refund=Refunding(when="late", delivery="none"),
    ),
    Script(
        "refunddeemed",
        "pays; a refund is deemed (RB), later a SUCCESS",
        refund=Refunding(credit=None, reversal=None),
    ),
    Script(
        "refundduplicate",
        "pays; a refund's success is told twenty times at once",
        refund=Refunding(delivery="burst"),
    ),
)

SCRIPTS: dict[str, Script] = {script.name: script for script in _TABLE}


def script_of(vpa: str) -> Script:
    """The script of an address at the simulated bank; every other address follows ``asha``.

    The local part counts up to its first ``.``: ``insufficient.7@simbank`` follows
    ``insufficient``, so that a test can have many such customers.
    """
    local, _, handle = vpa.lower().partition("@")
    name = local.partition(".")[0] if handle == HANDLE else "asha"
    return SCRIPTS.get(name, SCRIPTS["asha"])


def table() -> str:
    """The scripts as text, one a line: name, final status, what happens."""
    return "\n".join(f"{s.name:16} {s.final:8} {s.what}" for s in SCRIPTS.values())
