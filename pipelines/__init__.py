"""The roof: recipes in, datasets out. The only floor that knows yaml, the terminal, ray and torch."""
