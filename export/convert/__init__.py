"""From PyTorch to files: the graphs, what is rewritten for a converter, and the converters."""
