"""A build: its pipeline and manifest; verified again, and made again to compare."""
