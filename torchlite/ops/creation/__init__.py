"""Creating and converting tensors, and querying their properties."""
