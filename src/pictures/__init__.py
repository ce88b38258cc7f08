"""Spectra and molecules drawn: sticks, mirrors, pages, bond energies, bars in the terminal."""
