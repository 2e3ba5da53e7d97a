"""What changes a finished sample: looks as the learning of a network has them, and contrasts that no machine makes."""
