"""What is stored of fraud, and how it is read: policy, models, labels, assessed payments."""
