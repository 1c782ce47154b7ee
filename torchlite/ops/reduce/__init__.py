"""Sums, extremes and statistics along dimensions; running ones; order."""
