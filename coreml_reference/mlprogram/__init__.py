"""ML Programs: the newer kind of Core ML model, in an .mlpackage.

A program is operations of MIL (the Model Intermediate Language) on typed tensors. ``ops`` has the
operators, ``executor`` runs them, ``contents`` reads a program without running it.
"""
