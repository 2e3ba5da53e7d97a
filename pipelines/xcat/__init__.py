"""Parameter files of the XCAT phantom, and the recipes that ask for as much of them as there is here."""
