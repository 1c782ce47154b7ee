"""Views, and copies in another order or shape."""
