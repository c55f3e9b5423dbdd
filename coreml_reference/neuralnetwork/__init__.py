"""Neural networks: the older kind of Core ML model, in an .mlmodel.

A network is layers on fp32 tensors. ``layers`` has their types, ``executor`` runs them,
``weights`` decodes what they hold.
"""
