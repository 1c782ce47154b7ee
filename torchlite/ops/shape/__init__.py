"""Views, and copies in a different order or shape."""
