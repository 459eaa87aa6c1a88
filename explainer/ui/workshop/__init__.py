"""The workshop's screens: the projector, the presenter's notes, and the phones of a room."""
