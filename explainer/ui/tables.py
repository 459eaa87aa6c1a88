"""How high a table is. A browser is told before it has what draws tables, or all below one moves as it is drawn."""

ROW = 35
"""Pixels of a row, as Streamlit draws it."""

_MOST = 10  # rows that are seen at a time


def height(rows: int) -> int:
    """Pixels of a table with so many rows and their heads; in one of more than ten one scrolls, and none is cut.

    >>> height(1), height(10) == height(300)
    (72, True)
    """
    return ROW * (min(rows, _MOST) + 1) + 2
