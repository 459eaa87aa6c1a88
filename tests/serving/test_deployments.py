"""The service as Ray Serve runs it, with the real models, in processes of its own."""

import http.client
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import wait
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import services
import yaml
from handmade import ROOT
from PIL import Image
from services import ask, until

from explainer import jobs
from explainer.attribution import explain
from explainer.attribution.explain import Target
from explainer.jobs import CancelledError, Job, Unavailable, Worker
from explainer.serving import client, wire
from explainer.vision import faces, pipeline, samples
from explainer.vision.photos import Photo
from explainer.vision.pipeline import Reader
from tests.browser import processes

pytest.importorskip("ray", reason="Ray is not installed: it comes with the extra `cluster`")

pytestmark = [pytest.mark.slow, pytest.mark.skipif(not processes.KNOWN, reason=processes.UNKNOWN)]

SECONDS = 90


@dataclass(frozen=True)
class Cluster:
    """A running Ray with the service in it. `temporary` is the folder of all that it writes."""

    url: str
    temporary: Path
    log: Path
    process: subprocess.Popen[bytes]

    def pids(self, name: str = "") -> list[int]:
        """Its processes, or those of a name: Ray names each of its own."""
        found = []
        for entry in Path("/proc").iterdir():
            if entry.name.isdigit():
                try:
                    command = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
                    environment = (entry / "environ").read_bytes()
                except OSError:  # it ended
                    continue
                if name in command and f"RAY_TMPDIR={self.temporary}".encode() in environment:
                    found.append(int(entry.name))
        return found


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    """For Ray's files, with a short name: paths of sockets are bounded."""
    with tempfile.TemporaryDirectory(prefix="ray", ignore_cleanup_errors=True) as made:
        yield Path(made)


@pytest.fixture(scope="module")
def cluster(folder: Path) -> Iterator[Cluster]:
    """`deploy/service.yaml` with two replicas that read, behind HAProxy, at ports of its own."""
    settings = yaml.safe_load((ROOT / "deploy" / "service.yaml").read_text())
    settings["http_options"]["port"] = services.free_port()
    address, first = f"127.0.0.1:{services.free_port()}", 21000 + os.getpid() % 1000 * 8
    ports = {str(8610 + number): f"127.0.0.1:{first + number}" for number in range(8)}
    for application in settings["applications"]:
        for deployment in application["deployments"]:
            deployment["ray_actor_options"] = {"num_cpus": 0.1}
            if deployment["name"] == "read":
                deployment["autoscaling_config"]["min_replicas"] = 2
    config, log = folder / "service.yaml", folder / "log"
    config.write_text(yaml.safe_dump(settings))
    environment = {
        "RAY_TMPDIR": str(folder),
        "TMPDIR": str(folder),
        "EXPLAINER_SERVICE_TOKEN": services.TOKEN,
        "RAY_SERVE_DIRECT_INGRESS_MIN_HTTP_PORT": str(first),
        "RAY_SERVE_DIRECT_INGRESS_MAX_HTTP_PORT": str(first + 7),
    }
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "deploy/service.py", str(config)],
            cwd=ROOT,
            env={**os.environ, **environment},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    cluster = Cluster(f"http://{address}", folder, log, process)
    with services.proxying(folder, {"8601": address, **ports}), pytest.MonkeyPatch.context() as patch:
        patch.setenv("EXPLAINER_SERVICE_TOKEN", services.TOKEN)
        patch.setenv("EXPLAINER_SERVICE", cluster.url)
        try:
            # Ray itself answers before the service does, by 404.
            up = until(lambda: process.poll() is not None or {refused("read"), refused("explain")} == {401}, SECONDS)
            assert up, log.read_text()[-3000:]
            assert process.poll() is None, log.read_text()[-3000:]
            yield cluster
        finally:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                process.kill()
            for pid in cluster.pids():
                os.kill(pid, signal.SIGKILL)


def status(path: str, body: bytes = b"", **headers: str) -> int:
    """The status of the service's answer to a request; 0 where there is none."""
    given = {wire.TOKEN: f"Bearer {services.TOKEN}", wire.VERSION: wire.version(), **headers}
    connection = http.client.HTTPConnection(os.environ["EXPLAINER_SERVICE"].removeprefix("http://"), timeout=SECONDS)
    try:
        connection.request("POST", path, body, given)
        return connection.getresponse().status
    except OSError:
        return 0
    finally:
        connection.close()


def refused(part: str) -> int:
    """The status with which a part of the service refuses whoever has another token."""
    return status(f"/{part}/none", Authorization="another")


@pytest.fixture
def readers(cluster: Cluster) -> Worker[Any]:
    return Worker(client.Reading, "reader", 8)


@pytest.fixture
def explainers(cluster: Cluster) -> Worker[Any]:
    return Worker(client.Explaining, "explainer", 48)


def long_explanation(worker: Worker[Any], reader: Reader) -> Job[Any]:
    """One of half a minute, which has begun."""
    crop = faces.crop(samples.read("astronaut"), None, reader.card.transform.side)
    settings = {**explain.METHODS["integrated-gradients"].settings, "steps": 3000}
    target = Target("object", "n01440764")
    job = ask(worker, explain.explain_crop, crop, target, "integrated-gradients", settings)
    assert until(lambda: job.done or job.progress > 0)
    assert not job.done, job.result()
    return job


def test_a_reading_is_the_same_as_in_this_process(readers: Worker[Any], reader: Reader) -> None:
    for name in ("astronaut", "photographer"):
        photo = samples.read(name)
        here, there = pipeline.read(reader, photo), ask(readers, pipeline.read, photo, False, None).result(SECONDS)
        assert (there.size, there.boxes, there.detector) == (here.size, here.boxes, here.detector)
        for one, other in zip(here.readings, there.readings, strict=True):
            np.testing.assert_allclose(other.probabilities, one.probabilities, atol=1e-5)
            for release in ("fall-2011", "winter-2021"):
                words = [[label.wnid for label in each.people(release, 5)] for each in (one, other)]
                assert words[0] == words[1]


def test_who_has_not_the_token_or_sends_too_much_is_refused(cluster: Cluster) -> None:
    assert status("/read/read", Authorization="Bearer another") == 401
    assert status("/read/read", bytes(wire.PHOTO + 1)) == 413
    assert status("/explain/explain_crop", bytes(wire.CROP + 1)) == 413
    assert status("/read/read", b"no message") == 422


def test_all_of_it_listens_on_this_machine_alone_and_asks_nobody_elsewhere(cluster: Cluster) -> None:
    pids = cluster.pids()
    assert len(pids) > 8
    assert {address for pid in pids for address in listening(pid)} == {"127.0.0.1"}
    assert not {peer for pid in pids for peer in processes.elsewhere(processes.peers(pid))}


def listening(pid: int) -> set[str]:
    """The addresses at which a process listens by TCP."""
    inodes = set()
    for descriptor in Path(f"/proc/{pid}/fd").iterdir():
        try:
            found = re.fullmatch(r"socket:\[(\d+)\]", os.readlink(descriptor))
        except OSError:  # closed meanwhile
            continue
        inodes |= {found[1]} if found else set()
    rows = [
        row.split()
        for table in ("tcp", "tcp6")
        for row in Path(f"/proc/{pid}/net/{table}").read_text().splitlines()[1:]
    ]
    return {processes.address(row[1].partition(":")[0]) for row in rows if row[3] == "0A" and row[9] in inodes}


def test_who_hangs_up_makes_room_for_others(explainers: Worker[Any], reader: Reader) -> None:
    job = long_explanation(explainers, reader)
    waiting = ask(explainers, explain.offered_by, "object")
    assert until(lambda: waiting.place == 1)
    job.cancel()
    assert "grad-cam" in waiting.result(10)
    with pytest.raises(CancelledError):
        job.result(SECONDS)


def test_a_full_service_says_when_to_try_again(explainers: Worker[Any], reader: Reader) -> None:
    job = long_explanation(explainers, reader)
    waiting = []
    for number in range(40):
        token = jobs.owner.set(f"visitor {number}")  # one visitor alone may not fill it
        waiting.append(ask(explainers, explain.offered_by, "object"))
        jobs.owner.reset(token)
    assert until(lambda: any(each.done for each in waiting))
    job.cancel()
    wait([each.future for each in waiting], SECONDS)
    refused = [str(each.future.exception()) for each in waiting if each.future.exception()]
    assert 0 < len(refused) < len(waiting)
    assert all(re.search(r"try again in \d+ s\.", told) for told in refused)


def test_of_two_replicas_that_read_one_is_killed_and_no_reading_is_lost(cluster: Cluster, readers: Worker[Any]) -> None:
    photo = samples.read("astronaut")
    readings = [ask(readers, pipeline.read, photo, False, None) for _ in range(60)]
    assert until(lambda: readings[5].done)
    first, *_ = cluster.pids("ray::ServeReplica:read")
    os.kill(first, signal.SIGKILL)
    assert {len(job.result(SECONDS).boxes) for job in readings} == {1}


def test_an_explanation_whose_replica_is_killed_is_a_sentence_and_the_next_one_is_answered(
    cluster: Cluster, explainers: Worker[Any], reader: Reader
) -> None:
    job = long_explanation(explainers, reader)
    for pid in cluster.pids("ray::ServeReplica:explain"):
        os.kill(pid, signal.SIGKILL)
    with pytest.raises(Unavailable, match="broke off"):
        job.result(SECONDS)

    def answered() -> bool:
        try:
            return "grad-cam" in ask(explainers, explain.offered_by, "object").result(SECONDS)
        except Unavailable:
            time.sleep(0.5)
            return False

    assert until(answered)


def test_of_a_photo_whose_replica_is_killed_nothing_is_left_on_a_disk_or_in_the_object_store(
    cluster: Cluster, readers: Worker[Any]
) -> None:
    marker = np.random.default_rng().integers(1, 256, 48, np.uint8)
    photo = Photo(Image.fromarray(np.resize(marker, (1500, 2000, 3))), (2000, 1500), "0" * 64)
    sent = np.asarray(photo.image).tobytes()
    assert marker.tobytes() in sent
    readings = [ask(readers, pipeline.read, photo, True, None) for _ in range(30)]
    assert until(lambda: readings[3].done)
    assert readings[0].result(SECONDS).readings
    for pid in cluster.pids("ray::ServeReplica:read"):  # others wait in it, or are on their way
        os.kill(pid, signal.SIGKILL)
    wait([each.future for each in readings], SECONDS)
    looked = 0
    for file in [*cluster.temporary.rglob("*"), *Path("/dev/shm").rglob("*")]:
        if file.is_file():
            looked += 1
            assert marker.tobytes() not in file.read_bytes(), file
    # The object store is a file in /dev/shm without a name.
    (raylet,) = cluster.pids("raylet/raylet")
    stores = [each for each in Path(f"/proc/{raylet}/fd").iterdir() if "plasma" in os.readlink(each)]
    assert stores
    for store in stores:
        assert marker.tobytes() not in store.read_bytes()
    assert looked > 10
    log = cluster.log.read_bytes()
    assert b"POST" not in log
    assert photo.digest.encode() not in log
