"""What every operation is made with: recording, families, promotion, writing in place."""
