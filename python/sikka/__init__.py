"""Sikka, a payment gateway: UPI straight at NPCI, a ledger and fraud checks in the path."""

__version__ = "0.1.0"
