"""Processes that are killed, frozen and cut off while payments are on their way."""
