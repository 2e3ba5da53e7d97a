"""What spoils a measurement: one effect a file."""

from render.effects.electronic_noise import ElectronicNoise
from render.effects.quantum_noise import QuantumNoise
from render.effects.scatter import Scatter
from render.effects.thermal_noise import ThermalNoise

__all__ = ["ElectronicNoise", "QuantumNoise", "Scatter", "ThermalNoise"]
