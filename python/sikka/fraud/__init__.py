"""The fraud engine in the path of every payment: windows, features, rules, lists, a decision."""
