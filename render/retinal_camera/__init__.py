"""A retinal camera: the light that the back of an eye returns, wavelength by wavelength, and what becomes of it."""
