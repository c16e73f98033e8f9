"""UPI through a sponsor bank: JSON over HTTPS, signed by HMAC, for merchants without a switch.

What the wire looks like
    POST {url}/api/v1/{merchantId}/{collect|status|refund|vpa}, `application/json`, with
    `X-Timestamp` (seconds since 1970) and `X-Signature`: HMAC-SHA256 in hex over the timestamp's
    text, a full stop and the raw body. Callbacks carry the same two headers.

`merchantTranId` is our transaction id; the bank's own are `BankRRN` and `upiTxnId`.
"""
