"""Which pixels carried a label, and how far to trust the answer."""
