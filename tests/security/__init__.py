"""What an attacker tries, and what must never be read anywhere."""
