"""What synthetic data is worth: arms of training side by side at equal steps, scored on the same real images."""
