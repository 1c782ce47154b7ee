"""Fourier transforms, windows, spectra of short stretches of a signal."""
