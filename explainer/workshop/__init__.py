"""What a room of people decides, and what is kept of it."""
