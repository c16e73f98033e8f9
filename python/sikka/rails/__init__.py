"""The ways out: each rail turns what the outside world says into an `Outcome`, and nothing more."""
