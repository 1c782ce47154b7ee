"""Elements chosen by index, mask or value."""
