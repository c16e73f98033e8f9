"""The simulated NPCI switch and its wire.

In
--
``POST /upi/{Api}/{1.0|2.0}/urn:txnid:{Txn@id}``, ``application/xml``, at most 64 KiB: ReqPay
(COLLECT, REFUND), ReqChkTxn, ReqValAdd, ReqHbt, RespAuthDetails, RespTxnConfirmation, RespHbt. The
answer is an ``Ack`` with HTTP 200. An Ack with ``err`` is negative: the message had no effect and
nothing follows; all broken rules are listed as ``errorMessages``. 404, 413 and 415 are for what is
no message at all.

* Only the root is qualified. Children, their order, and attributes are those of `schema`; else U05.
* Head: ``ver`` is the path's; ``orgId`` must be registered (U52, U17), and the signature must fit
  its pinned key (U55). The same message again gets the same Ack and no second effect; another
  message under the same ``msgId`` U36; a known ``Txn@id`` under a new ``msgId`` U01.
* ``note`` is letters, digits, spaces and hyphens; ``refId``, ``id``, ``msgId`` letters and digits,
  up to 35.
* COLLECT: the payee brings Device and Ac; EXPIREAFTER is in minutes, 30 when absent. REFUND: the
  payer (the merchant) brings Device, Ac and Creds, the payee is the customer; ``orgTxnId`` names
  the payment.
* ``custRef`` is the RRN, 12 digits; the switch makes one where it is absent. One that a bank has
  seen before fails the leg (DT at the remitter, DF at the beneficiary).

Out
---
The same path at the gateway, signed by the switch's key, root prefix ``ns2``, repeated until there
is an Ack (a negative one ends it): RespPay, RespChkTxn, RespValAdd, RespHbt, ReqAuthDetails,
ReqTxnConfirmation, ReqHbt.

RespPay: ``Resp@result`` is SUCCESS, FAILURE or DEEMED. ``errCode`` is given on FAILURE alone. Two
``Ref`` carry every attribute; ``settAmount`` is 0.00 on FAILURE; ``respCode`` and ``approvalNum``
are empty where that bank was not reached or has given none. DEEMED has ``respCode`` RB at the
payee.

RespChkTxn: ``Txn@id`` (and the path) is the question's own id, ``Txn@orgTxnId`` the transaction.
``Resp@result`` carries the status *of the original*: SUCCESS, FAILURE with ``errCode``, or DEEMED,
with ``txnRespCode`` and both ``Ref``. An original that is still in process is answered ``PARTIAL``
with empty codes and no ``Ref``: ask again later. FAILURE with U48 means that the switch has no such
transaction of the asking organisation, FAILURE with NO that the bank has none. The public text
fixes the enumeration and not its meaning for an original in process; PARTIAL is this simulator's
reading, because a FAILURE is final.

RespValAdd: ``Resp@maskName``, ``code``, ``type``, ``IFSC``, ``accType``; FAILURE with ZH when
nobody has the address.

A payment by link (PAY): ReqAuthDetails asks the payee's PSP; RespAuthDetails must keep both
addresses and amounts (U57 to U60) and bring the payee's Ac and Merchant; without an Ack U18,
without an answer in 15 s U09, a later one is refused (U70). ReqTxnConfirmation, under the same
``Txn@id`` with ``orgTxnId`` equal to it, tells a PSP that answered how it ended:
``TxnConfirmation@orgStatus``, ``orgErrCode`` and both ``Ref``.
"""
