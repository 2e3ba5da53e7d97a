"""Factors between the units of tables and ours."""

MM_PER_CM = 10
MG_PER_G = 1000
