"""Products and functions of matrices."""
