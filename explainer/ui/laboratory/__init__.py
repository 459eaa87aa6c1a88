"""The laboratory: explanations side by side, whether they agree, and what checks find of them."""
