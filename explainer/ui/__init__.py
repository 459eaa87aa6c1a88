"""What the pages share, and the only folder that imports Streamlit."""
