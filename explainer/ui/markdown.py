"""Text that Markdown shows as it stands."""

import re

# Everything that Markdown, or Streamlit's additions to it, could take for markup.
_MARKUP = re.compile(r"([\\`*_{}\[\]()<>#+\-.!|~$:^=])")


def plain(text: str) -> str:
    """Text that Markdown shows as it stands."""
    return _MARKUP.sub(r"\\\1", text)
