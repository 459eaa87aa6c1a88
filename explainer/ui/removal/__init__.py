"""The page "Before and after", a file per section."""
