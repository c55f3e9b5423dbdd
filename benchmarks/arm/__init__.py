"""Exported files executed on Arm processors that QEMU emulates, and their instructions counted."""
