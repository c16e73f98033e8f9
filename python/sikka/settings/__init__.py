"""Settings: a YAML file and the environment become one frozen object.

    defaults  <  file (with `${NAME}` and `${NAME:-default}`)  <  SIKKA__SECTION__NAME

The defaults are the embedded mode: an SQLite file, no Redis, no rail. Whatever is unknown or wrong
is a `ConfigurationError` that names the setting by its dotted path and says the rule.
"""

from sikka.settings.schema import (
    Database,
    Fraud,
    Journal,
    Logging,
    Npci,
    Peer,
    Policy,
    RateLimit,
    Redis,
    Secrets,
    Server,
    Settings,
    Sponsor,
    Tls,
    Upi,
    Webhooks,
    Worker,
)
from sikka.settings.secret import Secret

__all__ = [
    "Database",
    "Fraud",
    "Journal",
    "Logging",
    "Npci",
    "Peer",
    "Policy",
    "RateLimit",
    "Redis",
    "Secret",
    "Secrets",
    "Server",
    "Settings",
    "Sponsor",
    "Tls",
    "Upi",
    "Webhooks",
    "Worker",
]
