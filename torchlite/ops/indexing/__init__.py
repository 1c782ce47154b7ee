"""Selecting elements by index, mask or value."""
