"""The app on another version of Streamlit: `python tests/browser/serve_next_version.py [what streamlit run takes]`.

That is, on one that says so and whose scripts have other names, as each version's do.
"""

import re
import shutil
import sys
import tempfile
from pathlib import Path

from streamlit import file_util
from streamlit.runtime import app_session
from streamlit.web import cli

APP = Path(__file__).parents[2] / "streamlit_app.py"
VERSION = "1000.0.0"


def rename_scripts(static: Path) -> None:
    """Give all scripts of a copy of Streamlit's page other names, wherever they are named."""
    names = {file.name for file in (static / "static" / "js").glob("*.js")}

    def other(match: re.Match[str]) -> str:
        return f"{match[1]}.{match[2][::-1]}.js" if match[0] in names else match[0]

    for file in (static / "index.html", *(static / "static" / "js").glob("*.js")):
        file.write_text(re.sub(r"([\w-]+)\.([\w-]{8})\.js", other, file.read_text("utf-8")), "utf-8")
        if file.name in names:
            file.rename(file.with_name(re.sub(r"([\w-]+)\.([\w-]{8})\.js", other, file.name)))


if __name__ == "__main__":
    app_session.STREAMLIT_VERSION_STRING = VERSION  # type: ignore[misc]
    with tempfile.TemporaryDirectory() as folder:
        static = shutil.copytree(file_util.get_static_dir(), Path(folder) / "static")
        rename_scripts(static)
        file_util.get_static_dir = lambda: str(static)
        cli.main(["run", str(APP), *sys.argv[1:]], prog_name="streamlit")
