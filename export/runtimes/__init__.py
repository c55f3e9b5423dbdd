"""Saved files executed from disk: LiteRT, and Core ML's reference and Apple's own."""
