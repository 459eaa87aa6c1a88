"""The slides of the talk, one file each, by the name that a step of the talk gives them; each has a `SLIDE`."""
