"""The tensor and what it rests on: shapes, devices, graph nodes, printing, settings."""
