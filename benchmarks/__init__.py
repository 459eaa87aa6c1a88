"""What is meant to be fast, measured against peers in one run: `make bench`."""
