"""Start the app in the event loop that it knows, also where the extra `cluster` is installed.

    python deploy/run_streamlit.py --server.address 10.0.0.5 --server.port 8511

Ray brings uvloop and httptools, which uvicorn prefers to asyncio and h11. What keeps one address from stopping the app
for others stands in these two.
"""

import sys
from pathlib import Path

sys.modules.update(dict.fromkeys(("uvloop", "httptools")))  # as if they were not installed

from streamlit.web.cli import main  # noqa: E402

if __name__ == "__main__":
    sys.argv[1:1] = ["run", str(Path(__file__).parents[1] / "streamlit_app.py")]
    main()
