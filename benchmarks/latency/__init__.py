"""Latency, whichever device measures it: request, model files, times, and what makes them valid."""
