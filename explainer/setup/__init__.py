"""What the app needs beside its packages, and where to get it."""
