"""Fourier transforms, window functions, short-time spectra."""
