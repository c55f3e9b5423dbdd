"""facestyle: paint selfies in any artist's style, on a phone, with the face still its own."""

__version__ = "0.1.0"
