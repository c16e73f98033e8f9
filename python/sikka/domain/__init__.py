"""The business in plain Python: money, payments, refunds, the ledger. No I/O, no SQL, no HTTP."""
