"""The workshop: what a room decides together, and what it keeps of it."""
