"""The commands ``facestyle export``, ``verify``, ``coreml`` and ``android``."""
