"""Sums, extremes and statistics over dimensions; cumulative operations; sorting."""
