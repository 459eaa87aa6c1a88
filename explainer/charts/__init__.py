"""Plotly figures and drawn photos."""
