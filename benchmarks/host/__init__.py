"""Latency on this machine: LiteRT files and PyTorch, taking turns."""
