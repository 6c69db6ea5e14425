"""``visionspec check``."""
