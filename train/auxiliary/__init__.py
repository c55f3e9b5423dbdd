"""Auxiliary networks of the losses: depth and face parsing. Exported files never contain them."""
