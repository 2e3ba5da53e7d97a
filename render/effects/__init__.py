"""What spoils a measurement: one effect a file."""

from render.effects.electronic_noise import ElectronicNoise
from render.effects.quantum_noise import QuantumNoise
from render.effects.thermal_noise import ThermalNoise

__all__ = ["ElectronicNoise", "QuantumNoise", "ThermalNoise"]
