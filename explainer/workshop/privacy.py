"""The one rule for small groups: what fewer than FEWEST people answered points at somebody, and is told nowhere."""

FEWEST = 5
"""How many must have answered before it is told what they answered."""

FEW = f"fewer than {FEWEST} answered"
"""What is told of a smaller group."""
