"""What is known, said and decided about fraud: assessments, rules, lists, models, labels."""
