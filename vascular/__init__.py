"""The room where vessels grow in a patient: every bed is one file, and gives a Scene with vessels."""
