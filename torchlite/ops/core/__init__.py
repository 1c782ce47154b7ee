"""What every operation is built from: recording, families, promotion, in-place writes."""
