"""Compares the quotations in `explainer/data/sources.toml` with copies of the articles: `quotations.py FOLDER`.

A file of the folder counts for a source where its name or its text holds the source's title.
"""

import sys
from pathlib import Path

from explainer.imagenet import sources


def compare(folder: Path) -> tuple[list[str], list[str], list[str]]:
    """The sources whose every quotation is in its copy, the quotations that are not, and the sources without a copy."""
    copies = [sources.plain(file.read_text(encoding="utf-8")).lower() for file in sorted(folder.glob("*.txt"))]
    exact, wrong, without = [], [], []
    for source in sources.load().values():
        if not source.quotations:
            continue
        title = sources.plain(source.title).lower()
        # The title stands at the top of a copy; other articles may cite it further down.
        copy = next((copy for copy in copies if _is_of(copy, title, source.key)), None)
        if copy is None:
            without.append(source.key)
            continue
        missing = [quotation for quotation in source.quotations if sources.plain(quotation).lower() not in copy]
        wrong += [f"{source.key}: {quotation}" for quotation in missing]
        if not missing:
            exact.append(f"{source.key} ({len(source.quotations)})")
    return exact, wrong, without


def _is_of(copy: str, title: str, key: str) -> bool:
    # Nerdist's copy begins below its title, with a warning.
    return title in copy[:400] or (key == "nerdist" and copy.startswith("warning: some of"))


if __name__ == "__main__":
    if len(sys.argv) != 2 or not Path(sys.argv[1]).is_dir():
        sys.exit("Give the folder that holds copies of the articles, as .txt files.")
    exact, wrong, without = compare(Path(sys.argv[1]))
    print("Word for word:", ", ".join(exact) or "none")
    print("No copy there:", ", ".join(without) or "none")
    print("Not found:", *(wrong or ["none"]), sep="\n  ")
    sys.exit(bool(wrong))
