"""``facestyle evaluate``: how good trained networks are on photos they never saw."""
