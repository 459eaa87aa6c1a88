"""What the pages share, and the only rooms that import Streamlit."""
