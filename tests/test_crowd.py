"""The benchmark's light visitors get from the real app what a browser gets."""

import asyncio
from pathlib import Path

import pytest
import skimage

crowd = pytest.importorskip("benchmarks.crowd")

from tests.servers import APP, serving  # noqa: E402

pytestmark = pytest.mark.slow

PHOTO = Path(skimage.__file__).parent / "data" / "astronaut.png"


def test_visitors_of_light_use_get_pages_and_labels_and_nothing_stays_unsaid(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(crowd, "A_PAGE", 0.2)
    with serving(APP, tmp_path / "log", EXPLAINER_DATA=str(tmp_path), EXPLAINER_TRUSTED_PROXIES="127.0.0.1") as server:
        people = crowd.Crowd(server.url, 2, 0.1, [crowd.upload(PHOTO.read_bytes())])

        async def watch() -> None:
            tasks = people.start()
            async with asyncio.timeout(60):
                while not {"page", "dialog", "label", "photo"} <= people.answers.seconds.keys():
                    await asyncio.sleep(0.1)
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

        asyncio.run(watch())
    assert not people.answers.told
    assert not people.answers.silent
    assert people.answers.here == 0
