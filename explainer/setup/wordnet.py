"""WordNet 3.0 where NLTK can read it: is it there, and where else to get it."""

import contextlib
import errno
import http.client
import io
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import urllib.request
import zipfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from explainer.setup.files import TIMEOUT, ProvisionError, Report, mirror_folder, why

PURPOSE = "glosses come from the tables inside timm, and the category tree cannot be compiled again"

# What NLTK's reader opens.
FILES = (
    *("lexnames", "index.sense", "cntlist.rev"),
    *(f"{kind}.{pos}" for kind in ("data", "index") for pos in ("noun", "verb", "adj", "adv")),
    *(f"{pos}.exc" for pos in ("noun", "verb", "adj", "adv")),
)
FILE_LIMIT = 64 << 20  # bytes; the largest, data.noun, has 15 million

# The lexicographer files of WordNet 3.0 in the order of their numbers (manual page lexnames(5WN)).
LEXICOGRAPHER_FILES = (  # noqa: SIM905 (a list of literals would take 45 lines)
    "adj.all adj.pert adv.all noun.Tops noun.act noun.animal noun.artifact noun.attribute noun.body "
    "noun.cognition noun.communication noun.event noun.feeling noun.food noun.group noun.location "
    "noun.motive noun.object noun.person noun.phenomenon noun.plant noun.possession noun.process "
    "noun.quantity noun.relation noun.shape noun.state noun.substance noun.time verb.body verb.change "
    "verb.cognition verb.communication verb.competition verb.consumption verb.contact verb.creation "
    "verb.emotion verb.motion verb.perception verb.possession verb.social verb.stative verb.weather "
    "adj.ppl "
).split()

# An offset is a position in bytes and half of a wnid, so this line is at its place in version 3.0 alone.
PROBE_OFFSET = 10_155_849
PROBE_LEMMA = "hairdresser"

DEBIAN_WORDNET = Path("/usr/share/wordnet")
DEBIAN_PACKAGES = ("wordnet-base", "wordnet-sense-index")


def lexnames() -> str:
    """The text of WordNet's file `lexnames`, which Debian leaves out: number, name and part of speech."""
    numbers = {"noun": 1, "verb": 2, "adj": 3, "adv": 4}
    return "".join(
        f"{number:02}\t{name}\t{numbers[name.split('.')[0]]}\n" for number, name in enumerate(LEXICOGRAPHER_FILES)
    )


def nltk_folder() -> Path:
    """Where WordNet is put: `nltk_data/` in the running Python environment, which NLTK looks into."""
    return Path(sys.prefix) / "nltk_data"


def ready() -> bool:
    """Whether the WordNet that NLTK finds is version 3.0, with all its files and its offsets right.

    Looks at a few lines; NLTK's own reading of all of it takes seconds, and is done once, after fetching.
    """
    return pointer() is not None


def fetch(folder: Path | None = None, *, apt: bool = False, report: Report = print) -> str:
    """Fetch WordNet 3.0 unless NLTK can read it already; returns where it came from, "present" if it was there.

    The places are asked in turn: the mirror, where one is set (`wordnet/` or `wordnet.zip` in it), NLTK's download
    server, Debian's packages where they are installed. `apt` allows apt-get to install these, which needs root. The
    files are put into `folder`, which must be one of `nltk.data.path`; None means `nltk_folder()`. Raises
    `ProvisionError` if no place has it.
    """
    if ready():
        return "present"
    data = folder or nltk_folder()
    ways: list[tuple[str, Callable[[Path], None]]] = [
        ("NLTK's server", _from_nltk),
        ("Debian's packages", lambda data: _from_debian(data, apt, report)),
    ]
    mirror = mirror_folder()
    if mirror is not None:
        ways.insert(0, (str(mirror), lambda data: _from_mirror(mirror, data)))
    reasons = []
    for place, way in ways:
        try:
            _make_private(data / "corpora")
            way(data)
        except (ProvisionError, OSError, http.client.HTTPException, ValueError) as error:
            reasons.append(f"{place}: {why(error)}.")
            if place == str(mirror) and not isinstance(error, FileNotFoundError):
                report(f"{why(error)}: left as it is.")
        else:
            if not ready():
                raise ProvisionError(
                    f"WordNet 3.0 is in {data}, but NLTK finds another or a damaged WordNet before it: "
                    "remove corpora/wordnet and corpora/wordnet.zip from the other folders of nltk.data.path."
                )
            return f"fetched from {place}"
        finally:
            for empty in (data / "corpora", data):
                with contextlib.suppress(OSError):
                    empty.rmdir()
    raise ProvisionError(
        f"WordNet 3.0 could not be fetched. {' '.join(reasons)} Without it, {PURPOSE}. "
        "Try again with a network, set EXPLAINER_MIRROR to a folder that has NLTK's wordnet.zip, or on Debian and "
        "Ubuntu, as root, run `make setup APT=1`."
    )


def pointer() -> Any | None:
    """NLTK's pointer to the folder, or the inside of the zip file, where it reads WordNet 3.0."""
    import nltk

    try:
        root = nltk.data.find("corpora/wordnet")
        for name in FILES:
            root.join(name)
        with contextlib.closing(root.join("data.adj").open()) as stream:
            version = b"WordNet 3.0 Copyright" in stream.read(4096)
        with contextlib.closing(root.join("data.noun").open()) as stream:
            stream.seek(PROBE_OFFSET)
            line = stream.read(80)
    except (LookupError, OSError, ValueError, zipfile.BadZipFile):
        return None
    right = version and line.startswith(b"%08d " % PROBE_OFFSET) and PROBE_LEMMA.encode() in line
    return root if right else None


def _from_mirror(mirror: Path, data: Path) -> None:
    for source in (mirror / "wordnet", mirror / "wordnet.zip"):
        if source.exists():
            _install(source, data)
            return
    raise FileNotFoundError(errno.ENOENT, "no wordnet folder and no wordnet.zip")


def _from_nltk(data: Path) -> None:
    import nltk
    from nltk.downloader import Downloader

    # NLTK waits two minutes for a server that does not answer: ask shortly first.
    with urllib.request.urlopen(Downloader.DEFAULT_URL, timeout=TIMEOUT) as response:  # noqa: S310
        response.read(1)
    messages = io.StringIO()
    patience = socket.getdefaulttimeout()
    with tempfile.TemporaryDirectory(prefix=".wordnet-", dir=data) as folder:
        socket.setdefaulttimeout(TIMEOUT)
        try:
            with _nltk_looks_first_at(Path(folder)):
                done = nltk.download("wordnet", download_dir=folder, quiet=True, print_error_to=messages)
        finally:
            socket.setdefaulttimeout(patience)
        found = (Path(folder, "corpora", name) for name in ("wordnet", "wordnet.zip"))
        source = next((file for file in found if file.exists()), None)
        if not done or source is None:
            raise ProvisionError(" ".join(messages.getvalue().split()) or "the download failed")
        _install(source, data)


def _from_debian(data: Path, allowed: bool, report: Report) -> None:
    """Copies what Debian's packages hold; installs them first only where that is `allowed`, and says so."""
    if not (DEBIAN_WORDNET / "index.sense").exists():
        apt = shutil.which("apt-get")
        if sys.platform != "linux" or apt is None:
            raise ProvisionError("this system has no apt-get")
        if not allowed:
            raise ProvisionError(f"{' and '.join(DEBIAN_PACKAGES)} are not installed")
        if os.geteuid() != 0:
            raise ProvisionError(f"only root can install {' and '.join(DEBIAN_PACKAGES)}")
        report(f"Installing {' and '.join(DEBIAN_PACKAGES)} with apt-get, as APT=1 asks.")
        # The lists of packages may be missing (fresh containers) or old: renew them only if it fails.
        if _apt(apt, "install", *DEBIAN_PACKAGES) is not None:
            _apt(apt, "update")
            reason = _apt(apt, "install", *DEBIAN_PACKAGES)
            if reason is not None:
                raise ProvisionError(reason)
    _install(DEBIAN_WORDNET, data)


def _apt(apt: str, *arguments: str) -> str | None:
    """Runs apt-get, asking nothing and saying nothing; the last line of its complaint if it fails."""
    options = ["-qq", "-y", "--no-install-recommends", "-o", "Acquire::Retries=1"]
    options += ["-o", f"Acquire::http::Timeout={TIMEOUT:.0f}", "-o", f"Acquire::https::Timeout={TIMEOUT:.0f}"]
    environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive", "LC_ALL": "C"}
    try:
        run = subprocess.run(  # noqa: S603 (fixed arguments)
            [apt, *options, *arguments],
            env=environment,
            capture_output=True,
            text=True,
            errors="replace",
            stdin=subprocess.DEVNULL,
            timeout=600,
        )
    except subprocess.TimeoutExpired:
        return "apt-get took longer than ten minutes"
    complaint = run.stderr.strip().splitlines() or ["apt-get failed"]
    return None if run.returncode == 0 else complaint[-1]


def _install(source: Path, data: Path) -> None:
    """Puts WordNet from a folder or NLTK's zip file below `data`, once NLTK has read it."""
    with tempfile.TemporaryDirectory(prefix=".wordnet-", dir=data) as staging:
        staged = Path(staging, "corpora", "wordnet")
        _make_private(staged)
        for name in FILES:
            (staged / name).write_bytes(_file(source, name))
            (staged / name).chmod(0o644)
        _read_by_nltk(Path(staging), source)
        target = data / "corpora" / "wordnet"
        if target.exists():
            target.rename(Path(staging, "old"))
        staged.rename(target)


def _file(source: Path, name: str) -> bytes:
    try:
        if source.is_dir():
            return (source / name).read_bytes()
        with zipfile.ZipFile(source) as archive, archive.open(f"wordnet/{name}") as stream:
            return stream.read(FILE_LIMIT)
    except (FileNotFoundError, KeyError) as error:
        if name == "lexnames":
            return lexnames().encode("ascii")
        raise ProvisionError(f"{source} lacks WordNet's file {name}") from error
    except (zipfile.BadZipFile, zlib.error, RuntimeError) as error:
        raise ProvisionError(f"{source} is no whole zip file") from error


def _read_by_nltk(data: Path, source: Path) -> None:
    """Raises `ProvisionError` about `source` unless NLTK reads WordNet 3.0 below `data`."""
    import nltk
    from nltk.corpus.reader.wordnet import WordNetCorpusReader

    try:
        # The reader compares its version with the WordNet it finds by name: that must be this one.
        with _nltk_looks_first_at(data):
            # False where a reader of other languages could stand; None would warn that there is none.
            reader = WordNetCorpusReader(nltk.data.find("corpora/wordnet"), False)
            version = reader.get_version()
            lemmas = reader.synset_from_pos_and_offset("n", PROBE_OFFSET).lemma_names()
    except Exception as error:  # NLTK raises nearly anything on damaged files
        raise ProvisionError(f"NLTK cannot read the WordNet of {source} ({why(error)})") from error
    if version != "3.0" or PROBE_LEMMA not in lemmas:
        raise ProvisionError(f"{source} is WordNet {version} or damaged, not WordNet 3.0")


@contextlib.contextmanager
def _nltk_looks_first_at(folder: Path) -> Iterator[None]:
    import nltk

    before = list(nltk.data.path)
    nltk.data.path.insert(0, str(folder))
    try:
        yield
    finally:
        nltk.data.path[:] = before


def _make_private(folder: Path) -> None:
    """Makes a folder that only its owner can write to: NLTK refuses to read others."""
    for each in reversed((folder, *folder.parents)):
        if not each.exists():
            each.mkdir(mode=0o755, exist_ok=True)
