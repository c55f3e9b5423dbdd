"""Benchmark reports: one JSON document, and the views of it that people read."""
