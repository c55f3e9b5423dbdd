"""Saved files read back: their inputs, precision, operators and constants."""
