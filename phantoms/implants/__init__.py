"""What surgeons, dentists and nurses leave in and on a patient: one kind a file."""
