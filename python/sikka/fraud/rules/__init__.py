"""The rules: those that are built in, and those that are data."""

from sikka.fraud.rules.rule import Rule, RuleFindings, Severity, Violation
from sikka.fraud.rules.ruleset import Ruleset

__all__ = ["Rule", "RuleFindings", "Ruleset", "Severity", "Violation"]
