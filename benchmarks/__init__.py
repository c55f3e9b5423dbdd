"""Latency and fidelity, measured on exported files. No other package imports this one."""
