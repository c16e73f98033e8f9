"""Sikka, a payment gateway: UPI straight at NPCI, a ledger and fraud checks in the payment's path."""

__version__ = "0.1.0"
