"""A sponsor bank's JSON façade to UPI, for merchants without a connection to the switch.

Requests
--------
``POST {base}/api/v1/{merchantId}/{operation}`` with ``Content-Type: application/json``; operations
are ``collect``, ``status``, ``refund``, ``vpa`` and ``intent``. Headers of every request::

    X-Timestamp: 1767225600                     seconds since 1970, at most 300 s away from now
    X-Signature: <64 lower case hexadecimal digits>

The signature is HMAC-SHA256 under the merchant's secret (its UTF-8 bytes) over the timestamp's
text, a full stop, and the raw body: ``timestamp + "." + body``. ``merchantId`` in the body must be
the path's. Fields are text; amounts are rupees with two decimals. A body is at most 64 KiB.

=========  ==================================================================================
collect    merchantId, merchantTranId (1..35 letters and digits), payerVa, amount, note (1..50),
           collectByDate (ISO 8601 with zone; optional, 30 minutes from now), billNumber (optional)
status     merchantId, merchantTranId: of a collect, an intent or a refund
refund     merchantId, merchantTranId (of the refund, new), originalmerchantTranId, originalBankRRN
           (optional; must fit), refundAmount, note, onlineRefund ("Y")
vpa        merchantId, payerVa
intent     merchantId, merchantTranId, amount, note, billNumber (optional), collectByDate (optional)
=========  ==================================================================================

Unknown fields are refused. Fields that a request does not list are not needed.

Answers
-------
HTTP 200 with JSON (400 and 401 for what is refused before it is looked at)::

    {"success": true, "response": "92", "message": "...", "merchantId": "...", "merchantTranId":
    "...",
     "BankRRN": "012345678901", "upiTxnId": "SPB...", "status": "PENDING", "amount": "1299.00"}

``status`` is ``PENDING``, ``SUCCESS``, ``FAILURE`` or ``DEEMED`` (money in suspense, to be
resolved). ``response`` is ``92`` for a transaction in process, ``00`` for success, ``RB`` for
deemed, and for a failure the code of UPI: the party's (``Z9``, ``ZM``, ``ZA``, ``ZH``) where there
is one, else the switch's (``U69``). ``success`` tells whether the *call* was taken: a status call
about a failed payment has ``success: true`` and ``status: "FAILURE"``. Where ``success`` is false
nothing was done, ``status`` is absent, and ``response`` is one of

====  ====================================================================================
8000  the body is not a JSON object, or a field is missing, unknown or malformed (HTTP 400)
8010  the signature, the timestamp or the merchant is wrong (HTTP 401)
5003  merchantTranId is a duplicate
5006  no such transaction (status), or no such original (refund)
5007  the refund is more than is left, or the original has not succeeded
U90   the customer's bank is too slow; not taken
====  ====================================================================================

``vpa`` answers ``{"success": true, "response": "00", "message": "...", "customerName": "Asha"}`` or
``{"success": false, "response": "ZH", "message": "..."}``. ``intent`` answers with ``link``, a
``upi://pay`` link, and ``refId``, its ``tr``.

Callbacks
---------
When a collect, an intent payment or a refund has ended, or is deemed, the bank posts JSON to
``{gateway}/callbacks/sponsor/{bank}``, signed by the same secret with the same two headers, and
repeats it until it is answered 2xx, within reason::

    {"merchantId": "...", "merchantTranId": "...", "BankRRN": "...", "upiTxnId": "...",
     "type": "COLLECT" | "PAY" | "REFUND", "txnStatus": "SUCCESS" | "FAILURE" | "DEEMED",
     "response": "00", "payerVa": "...", "payeeVa": "...", "payerName": "...", "payerAmount":
     "1299.00", "txnInitDate": "<ISO 8601>", "txnCompletionDate": "<ISO 8601>"}

What customers do follows `sikka_sim.scripts`, as at the switch. The control interface under
``/sim`` is that of every rail, with ``POST /sim/apps/pay {"link", "vpa"}`` for a customer who pays
an intent link.
"""
