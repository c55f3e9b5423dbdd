"""From a checkpoint to verified mobile files. Never imports ``train`` or ``benchmarks``."""
