"""The verdicts that pages show of the sample pictures are those of the network that comes with the app."""

import pytest

from explainer.attribution import sample_results, sample_verdicts
from explainer.attribution.verdicts import CHECKS, missed_share
from explainer.vision import samples
from explainer.vision.pipeline import Reader


@pytest.mark.parametrize("name", samples.SAMPLES)
def test_the_table_has_a_verdict_of_every_check_for_the_maps_that_are_shown(name: str) -> None:
    found = sample_verdicts.load()
    assert found is not None
    assert [each.method for each in found[name]] == list(sample_results.METHODS)
    for judgement in found[name]:
        assert [each.check for each in judgement.verdicts] == list(CHECKS)


@pytest.mark.parametrize("name", samples.SAMPLES)
def test_the_table_is_of_the_maps_that_are_shown(name: str) -> None:
    results, found = sample_results.load(), sample_verdicts.load()
    assert results is not None
    assert found is not None
    (judgement,) = [each for each in found[name] if each.method == "integrated-gradients"]
    missed = missed_share(results.maps[name]["integrated-gradients"])
    # A few values of the picture that are one of 255 other move it by half a percent.
    assert judgement.verdict("complete").value == pytest.approx(missed, rel=2e-3), (
        "`explainer compile verdicts` makes the table anew, after `explainer compile samples`"
    )


@pytest.mark.watch
@pytest.mark.parametrize("name", samples.SAMPLES)
def test_the_table_is_what_the_checks_find_now(name: str, reader: Reader) -> None:
    stored = (sample_verdicts.load() or {})[name]
    for live, kept in zip(sample_verdicts.judged(reader, name), stored, strict=True):
        assert [each.outcome for each in live.verdicts] == [each.outcome for each in kept.verdicts]
        for one, other in zip(live.verdicts, kept.verdicts, strict=True):
            assert one.value == pytest.approx(other.value, abs=0.02, nan_ok=True)
