"""The app with sentinel words: `python tests/serve_with_sentinels.py [--port N] [what streamlit run takes]`."""

import sys
from pathlib import Path

import sentinels
from streamlit.web import cli

APP = Path(__file__).parents[1] / "streamlit_app.py"

if __name__ == "__main__":
    # Streamlit runs the pages in threads of this process, where the package stays imported: they see what is planted.
    sentinels.plant()
    options = ["--server.port" if argument == "--port" else argument for argument in sys.argv[1:]]
    cli.main(["run", str(APP), *options], prog_name="streamlit")
