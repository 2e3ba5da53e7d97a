"""What of a synthetic sample is to be learnt: one file a kind."""
