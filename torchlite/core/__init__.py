"""The tensor and its foundations: shapes, devices, graph nodes, printing, settings."""
