"""What people change about fraud: rules, lists, thresholds, models and labels."""
