"""What the app needs besides Python packages: find it, download it, verify it, pack it for a room offline.

Two things are fetched at set-up, WordNet 3.0 and the face detector YuNet; weights of further models come by
the same way when they are asked for. An `Asset` is known by its SHA-256, so it does not matter where it comes
from: the folder that `EXPLAINER_MIRROR` names, or one of its public homes.
"""

import contextlib
import errno
import hashlib
import http.client
import io
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import tomllib
import urllib.error
import urllib.request
import zipfile
import zlib
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

Report = Callable[[str], None]
"""Takes one line of text for whoever waits."""

Progress = Callable[[int, int], None]
"""Takes the bytes that are there and the bytes in all."""

TIMEOUT = 20.0  # seconds without a byte before a server is given up
TRIES = 3  # at one address, each going on where the last one stopped
BLOCK = 1 << 20


class ProvisionError(Exception):
    """Something could not be had; the message says what, why, and what to do."""


@dataclass(frozen=True)
class Asset:
    """A published file: where it is to be had, and how to know that it is the right one."""

    name: str
    filename: str
    urls: tuple[str, ...]
    sha256: str
    size: int  # bytes
    purpose: str  # what is missing without it, as the end of the sentence "Without it, ..."


# The second address is the commit from which OpenCV's own tests take the same bytes.
YUNET = Asset(
    name="YuNet face detector",
    filename="face_detection_yunet_2023mar.onnx",
    urls=(
        "https://github.com/opencv/opencv_zoo/raw/main/models/face_detection_yunet/face_detection_yunet_2023mar.onnx",
        "https://github.com/ShiqiYu/libfacedetection.train/raw/02246e79b1e976c83d1e135a85e0628120c93769/"
        "onnx/yunet_s_640_640.onnx",
    ),
    sha256="8f2383e4dd3cfbb4553ea8718107fc0423210dc964f9f4280604804ed2552fa4",
    size=232_589,
    purpose="faces are found by OpenCV's older Haar detector, which misses more of them and is slower",
)

WORDNET_PURPOSE = "glosses come from the tables inside timm, and the category tree cannot be compiled again"


# Where things are


def project_folder() -> Path:
    """The folder of `streamlit_app.py`: the one that holds the package."""
    return Path(__file__).resolve().parent.parent


def models_folder() -> Path:
    """The folder of model cards: what `EXPLAINER_MODELS` says, else `models/` beside `streamlit_app.py`."""
    named = os.environ.get("EXPLAINER_MODELS")
    return Path(named).expanduser() if named else project_folder() / "models"


def weights_folder() -> Path:
    """The folder of downloaded weights, `weights/` below the model cards."""
    return models_folder() / "weights"


def mirror_folder() -> Path | None:
    """The folder that is asked before the network, from `EXPLAINER_MIRROR`; None if that is not set."""
    named = os.environ.get("EXPLAINER_MIRROR")
    return Path(named).expanduser() if named else None


# Files known by their SHA-256


def path(asset: Asset) -> Path | None:
    """The asset's file, its bytes verified; None where it is absent or damaged.

    A file is read once a process, and again only when its size or time of change differ.
    """
    file = weights_folder() / asset.filename
    return file if _is(file, asset) else None


def fetch(asset: Asset, *, progress: Progress | None = None, report: Report = print, timeout: float = TIMEOUT) -> Path:
    """The asset's verified file: as it is there, else copied from the mirror, else downloaded.

    A download that broke off goes on where it stopped. `progress` gets bytes done and bytes in all, `report`
    a sentence for each file that was refused, `timeout` is in seconds without a byte. Several threads may ask
    at once. Raises `ProvisionError` if no place has the published bytes.
    """
    _obtain(asset, progress=progress, report=report, timeout=timeout)
    return weights_folder() / asset.filename


_locks: defaultdict[Path, threading.Lock] = defaultdict(threading.Lock)


def _obtain(asset: Asset, *, progress: Progress | None, report: Report, timeout: float = TIMEOUT) -> str:
    """Sees to it that the asset is there; gives back where it came from, as in "fetched from github.com"."""
    target = weights_folder() / asset.filename
    with _locks[target]:
        if _is(target, asset):
            return "present"
        reasons = []
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            if target.exists():
                report(f"{target} is not the published {asset.name}: it is replaced.")
                target.unlink()
            mirror = mirror_folder()
            if mirror is not None:
                source = mirror / asset.filename
                reason = _copy(source, asset, target)
                if reason is None:
                    return f"fetched from {mirror}"
                if source.exists():
                    report(reason)
                reasons.append(reason)
        except OSError as error:
            raise ProvisionError(
                f"{asset.name} cannot be stored in {target.parent} ({_why(error)}). "
                "Set EXPLAINER_MODELS to a folder that can be written to."
            ) from error
        for url in asset.urls:
            try:
                _download(url, asset, target, progress or _unseen, timeout)
            except ProvisionError as error:
                reasons.append(str(error))
            else:
                return f"fetched from {urlsplit(url).hostname or url}"
        raise ProvisionError(
            f"{asset.name} could not be fetched. {' '.join(reasons)} Without it, {asset.purpose}. "
            f"Try again with a network, or set EXPLAINER_MIRROR to a folder that has {asset.filename}."
        )


def _is(file: Path, asset: Asset) -> bool:
    try:
        found = file.stat()
        return found.st_size == asset.size and (_sha256(file, found.st_mtime_ns, found.st_size) == asset.sha256)
    except OSError:
        return False


@lru_cache(maxsize=256)
def _sha256(file: Path, mtime_ns: int, size: int) -> str:
    """The hexadecimal SHA-256 of a file; time and size are there as the cache's key."""
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _copy(source: Path, asset: Asset, target: Path) -> str | None:
    """Copies the asset from `source`, which stays as it is; or a sentence about why it was refused."""
    if not source.is_file():
        return f"{source} does not exist."
    if not _is(source, asset):
        return f"{source} is not the published {asset.name} (other size or SHA-256): it is left as it is."
    copy = target.with_name(target.name + ".copy")
    try:
        shutil.copyfile(source, copy)
        if not _is(copy, asset):
            return f"{source} could not be copied whole."
        copy.replace(target)
    finally:
        copy.unlink(missing_ok=True)
    return None


def _download(url: str, asset: Asset, target: Path, progress: Progress, timeout: float) -> None:
    """Puts what `url` has at `target` if it is the asset; else raises `ProvisionError`."""
    if urlsplit(url).scheme not in ("https", "http", "file"):
        raise ProvisionError(f"{url} is no https, http or file address.")
    part = target.with_name(target.name + ".part")
    reason = "nothing came"
    for _ in range(TRIES):
        start = _size(part)
        try:
            _receive(url, asset, part, progress, timeout)
            if _size(part) < asset.size:
                reason = f"it broke off after {_size(part):,} of {asset.size:,} bytes"
                if _size(part) > start:
                    continue
                break
            if _is(part, asset):
                part.replace(target)
                return
            part.unlink()
            reason = f"the bytes are not those of the published {asset.name} (SHA-256 differs)"
            if not start:
                break
            # else the earlier part was of another file: once more from the beginning
        except (OSError, http.client.HTTPException, ValueError, ProvisionError) as error:
            reason = _why(error)
            if _size(part) <= start:
                break
    raise ProvisionError(f"{url}: {reason}.")


def _receive(url: str, asset: Asset, part: Path, progress: Progress, timeout: float) -> None:
    """Adds to `part` what it lacks, never more than the asset's size in all."""
    start = _size(part)
    if start >= asset.size:
        return
    request = urllib.request.Request(url)  # noqa: S310 (the scheme is checked)
    if start:
        request.add_header("Range", f"bytes={start}-")
    try:
        response = urllib.request.urlopen(request, timeout=timeout)  # noqa: S310
    except urllib.error.HTTPError as error:
        error.close()
        if error.code == http.client.REQUESTED_RANGE_NOT_SATISFIABLE:
            part.unlink(missing_ok=True)
        raise
    with response:
        continues = start and (response.headers.get("Content-Range") or "").startswith(f"bytes {start}-")
        done = start if continues else 0
        announced = response.headers.get("Content-Length")
        if announced is not None and done + int(announced) != asset.size:
            raise ProvisionError(f"it offers {done + int(announced):,} bytes instead of {asset.size:,}")
        with part.open("ab" if continues else "wb") as stream:
            progress(done, asset.size)
            while done < asset.size:
                block = response.read(min(BLOCK, asset.size - done))
                if not block:
                    break
                stream.write(block)
                done += len(block)
                progress(done, asset.size)


def _size(file: Path) -> int:
    return file.stat().st_size if file.exists() else 0


def _unseen(done: int, total: int) -> None:
    """Progress that nobody watches."""


def _why(error: Exception) -> str:
    """The reason in an exception, in one line."""
    if isinstance(error, urllib.error.HTTPError):
        return f"the server answers {error.code} {error.reason}"
    if isinstance(error, urllib.error.URLError):
        error = error.reason if isinstance(error.reason, Exception) else error
    if isinstance(error, TimeoutError):
        return "no answer in time"
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return " ".join(str(error).split()) or type(error).__name__


@contextlib.contextmanager
def terminal_progress(name: str) -> Iterator[Progress | None]:
    """A line of bytes done on the terminal, gone at the end; None where standard error is no terminal."""
    if not sys.stderr.isatty():
        yield None
        return
    from tqdm import tqdm

    with tqdm(desc=name, unit="B", unit_scale=True, unit_divisor=1024, leave=False) as bar:

        def show(done: int, total: int) -> None:
            bar.total = total
            bar.update(done - bar.n)

        yield show


# WordNet

# What NLTK's reader opens.
WORDNET_FILES = (
    *("lexnames", "index.sense", "cntlist.rev"),
    *(f"{kind}.{pos}" for kind in ("data", "index") for pos in ("noun", "verb", "adj", "adv")),
    *(f"{pos}.exc" for pos in ("noun", "verb", "adj", "adv")),
)
WORDNET_FILE_LIMIT = 64 << 20  # bytes; the largest, data.noun, has 15 million

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


def wordnet_ready() -> bool:
    """Whether the WordNet that NLTK finds is version 3.0, with all its files and its offsets right.

    Looks at a few lines; NLTK's own reading of all of it takes seconds, and is done once, after fetching.
    """
    return _wordnet_pointer() is not None


def fetch_wordnet(folder: Path | None = None, *, report: Report = print) -> str:
    """Sees to it that NLTK can read WordNet 3.0; gives back where it came from, "present" if it was there.

    Asked in turn: NLTK's data path, the mirror (`wordnet/` or `wordnet.zip`), NLTK's download server, the
    packages of Debian. It is put into `folder`, which must be one of `nltk.data.path`; None means
    `nltk_folder()`. Raises `ProvisionError` if none of them has it.
    """
    if wordnet_ready():
        return "present"
    data = folder or nltk_folder()
    ways: list[tuple[str, Callable[[Path], None]]] = [
        ("NLTK's server", _wordnet_from_nltk),
        ("Debian's packages", _wordnet_from_debian),
    ]
    mirror = mirror_folder()
    if mirror is not None:
        ways.insert(0, (str(mirror), lambda data: _wordnet_from_mirror(mirror, data)))
    reasons = []
    for place, way in ways:
        try:
            _make_private(data / "corpora")
            way(data)
        except (ProvisionError, OSError, http.client.HTTPException, ValueError) as error:
            reasons.append(f"{place}: {_why(error)}.")
            if place == str(mirror) and not isinstance(error, FileNotFoundError):
                report(f"{_why(error)}: left as it is.")
        else:
            if not wordnet_ready():
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
        f"WordNet 3.0 could not be fetched. {' '.join(reasons)} Without it, {WORDNET_PURPOSE}. "
        "Try again with a network, or set EXPLAINER_MIRROR to a folder that has NLTK's wordnet.zip."
    )


def _wordnet_pointer() -> Any | None:
    """NLTK's pointer to the folder, or the inside of the zip file, where it reads WordNet 3.0."""
    import nltk

    try:
        root = nltk.data.find("corpora/wordnet")
        for name in WORDNET_FILES:
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


def _wordnet_from_mirror(mirror: Path, data: Path) -> None:
    for source in (mirror / "wordnet", mirror / "wordnet.zip"):
        if source.exists():
            _install_wordnet(source, data)
            return
    raise FileNotFoundError(errno.ENOENT, "no wordnet folder and no wordnet.zip")


def _wordnet_from_nltk(data: Path) -> None:
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
        _install_wordnet(source, data)


def _wordnet_from_debian(data: Path) -> None:
    if not (DEBIAN_WORDNET / "index.sense").exists():
        apt = shutil.which("apt-get")
        if sys.platform != "linux" or apt is None:
            raise ProvisionError("this system has no apt-get")
        if os.geteuid() != 0:
            raise ProvisionError(f"only root can install {' and '.join(DEBIAN_PACKAGES)}")
        # The lists of packages may be missing (fresh containers) or old: renew them only if it fails.
        if _apt(apt, "install", *DEBIAN_PACKAGES) is not None:
            _apt(apt, "update")
            reason = _apt(apt, "install", *DEBIAN_PACKAGES)
            if reason is not None:
                raise ProvisionError(reason)
    _install_wordnet(DEBIAN_WORDNET, data)


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


def _install_wordnet(source: Path, data: Path) -> None:
    """Puts WordNet from a folder or NLTK's zip file below `data`, once NLTK has read it."""
    with tempfile.TemporaryDirectory(prefix=".wordnet-", dir=data) as staging:
        staged = Path(staging, "corpora", "wordnet")
        _make_private(staged)
        for name in WORDNET_FILES:
            (staged / name).write_bytes(_wordnet_file(source, name))
            (staged / name).chmod(0o644)
        _read_by_nltk(Path(staging), source)
        target = data / "corpora" / "wordnet"
        if target.exists():
            target.rename(Path(staging, "old"))
        staged.rename(target)


def _wordnet_file(source: Path, name: str) -> bytes:
    try:
        if source.is_dir():
            return (source / name).read_bytes()
        with zipfile.ZipFile(source) as archive, archive.open(f"wordnet/{name}") as stream:
            return stream.read(WORDNET_FILE_LIMIT)
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
        raise ProvisionError(f"NLTK cannot read the WordNet of {source} ({_why(error)})") from error
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


# Set-up


def provision(report: Report = print, assets: Iterable[Asset] = (YUNET,)) -> list[str]:
    """Fetches WordNet and the face detector, a line of `report` each; gives back what is missing.

    Never raises for what cannot be had: the app runs without it, and the line says what that means.
    """
    missing = []
    try:
        report(f"WordNet 3.0: {fetch_wordnet(report=report)}")
    except ProvisionError as error:
        report(_not_available("WordNet 3.0", error))
        missing.append("WordNet 3.0")
    for asset in assets:
        try:
            with terminal_progress(asset.name) as progress:
                source = _obtain(asset, progress=progress, report=report)
            report(f"{asset.name}: {source}")
        except ProvisionError as error:
            report(_not_available(asset.name, error))
            missing.append(asset.name)
    return missing


def _not_available(name: str, error: ProvisionError) -> str:
    return f"{name}: not available. {str(error).removeprefix(f'{name} could not be fetched. ')}"


# For a workshop without a network


def pack(folder: Path, assets: Iterable[Asset] = (YUNET,), *, wheels: bool = True, report: Report = print) -> int:
    """Fills `folder` with all that a set-up takes from the network, and gives back its size in bytes.

    With `EXPLAINER_MIRROR` naming that folder, the set-up then needs no network on a computer with the same
    operating system, processor and version of Python. Called again, it keeps what is there. `wheels=False`
    leaves out the Python packages, gigabytes. Raises `ProvisionError` if anything cannot be had.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for asset in assets:
        target = folder / asset.filename
        if not _is(target, asset):
            with terminal_progress(asset.name) as progress:
                reason = _copy(fetch(asset, progress=progress, report=report), asset, target)
            if reason is not None:
                raise ProvisionError(reason)
        report(f"{asset.name}: packed")
    _pack_wordnet(folder / "wordnet", report)
    report("WordNet 3.0: packed")
    constraints = project_folder() / "constraints.txt"
    if not constraints.exists():
        raise ProvisionError(f"{constraints} is missing: pack from a checkout of the project.")
    shutil.copyfile(constraints, folder / constraints.name)
    if wheels:
        _pack_wheels(folder / "wheels", constraints)
        report("Python packages: packed")
    size = sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
    report(f"{folder}: {size / 1e6:,.0f} MB")
    return size


def _pack_wordnet(folder: Path, report: Report) -> None:
    fetch_wordnet(report=report)
    root = _wordnet_pointer()
    if root is None:
        raise ProvisionError("WordNet 3.0 was removed while it was being packed.")
    folder.mkdir(exist_ok=True)
    for name in WORDNET_FILES:
        with contextlib.closing(root.join(name).open()) as stream:
            text = stream.read()
        copy = folder / f"{name}.copy"
        copy.write_bytes(text)
        copy.replace(folder / name)


def _pack_wheels(folder: Path, constraints: Path) -> None:
    """Downloads the locked packages, and what builds this one, with pip."""
    project = project_folder()
    with (project / "pyproject.toml").open("rb") as stream:
        builders = tomllib.load(stream)["build-system"]["requires"]
    command = [
        sys.executable,
        "-m",
        "pip",
        "download",
        "--dest",
        str(folder),
        "--constraint",
        str(constraints),
    ]
    run = subprocess.run([*command, *builders, str(project)])  # noqa: S603 (fixed arguments)
    if run.returncode != 0:
        raise ProvisionError("pip could not download all packages; its message stands above. Try again.")
