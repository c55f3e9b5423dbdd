"""Latency and fidelity, measured on exported files. Nothing imports this room."""
