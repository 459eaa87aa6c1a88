"""Categories are found by words, numbers and definitions, in the order a visitor expects; masks hold in suggestions."""

import nltk
import pytest
import sentinels

from explainer.imagenet import masked_words, search, taxonomy
from explainer.imagenet.search import Index, SearchError

ENTITY, DOG, FLUTIST, FLUTE, FLUTE_GLASS, HOT_DOG, WOMAN = (
    "n00001740", "n02084071", "n10098245", "n03372029", "n03372549", "n07697537", "n10787470",
)  # fmt: skip


@pytest.fixture(scope="module")
def index() -> Index:
    return search.load()


def test_a_plural_finds_the_category_and_the_exact_word_comes_first(index: Index) -> None:
    assert index.find("dogs").wnids[0] == DOG
    assert index.find("women").wnids[0] == WOMAN


def test_without_the_dictionary_regular_plurals_are_found_all_the_same() -> None:
    light = search.of_words()
    assert not light.definitions
    assert light.find("dogs").wnids[0] == DOG
    assert light.find("women").wnids[0] == WOMAN
    assert light.find("flutists").wnids == (FLUTIST,)


def test_without_wordnet_categories_are_found_by_timms_definitions_and_the_rest_as_soon_as_it_comes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    if masked_words._wordnet() is None:
        pytest.skip("needs NLTK's WordNet")
    search._whole.cache_clear()
    inner = "living or nonliving"  # of "entity", which is no category of ImageNet: timm's tables do not define it
    with monkeypatch.context() as without:
        without.setattr(nltk.data, "path", [])
        without.setattr(masked_words, "_open", lambda: None)  # nor is it compiled
        masked_words._is_installed.cache_clear()
        index = search.load()
        assert masked_words._wordnet() is None
        assert index.find("plays the flute").wnids == (FLUTIST,)
        assert index.find(inner).wnids == ()
        assert {wnid for wnid, synset in taxonomy.load().items() if synset.in_fall_2011} <= set(index.definitions)
    masked_words._is_installed.cache_clear()  # else it is looked for a second later
    assert ENTITY in search.load().find(inner).wnids
    assert search.load() is search.load()


def test_a_plural_that_is_a_word_of_its_own_finds_its_singular_all_the_same(index: Index) -> None:
    assert "n10287213" in index.find("men").wnids[:3]  # man, an adult; "men" is the workforce as well
    assert any("bridge" in taxonomy.load()[wnid].lemmas for wnid in index.find("bridges").wnids[:3])


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("jack-o’-lantern", "jack-o'-lantern"),
        ("St. Bernard", "St Bernard"),
        ("dog.n.01", "dog"),
        ("hot_dog.n.2", "hot dog"),
    ],
)
def test_what_a_phone_or_a_programmer_types_finds_what_is_meant(typed: str, meant: str, index: Index) -> None:
    assert index.find(typed).wnids == index.find(meant).wnids != ()
    assert index.named(typed) == index.named(meant)


def test_hyphens_and_accents_do_not_count(index: Index) -> None:
    assert index.find("ice-cream").wnids == index.find("ice cream").wnids
    assert index.find("café").wnids == index.find("cafe").wnids != ()
    assert index.find("hot-dog").wnids[0] == index.find("hot dog").wnids[0]


def test_the_beginning_of_a_number_finds_categories(index: Index) -> None:
    hits = index.find("n0208407")
    assert DOG in hits.wnids
    assert all(wnid.startswith("n0208407") for wnid in hits.wnids)


@pytest.mark.parametrize("number", ["n02084071", "N02084071", " 02084071 "])
def test_a_wnid_finds_its_category(index: Index, number: str) -> None:
    assert index.find(number).wnids == (DOG,)


def test_the_beginning_of_a_word_finds_it(index: Index) -> None:
    assert {FLUTIST, FLUTE, FLUTE_GLASS} <= set(index.find("flut").wnids)


def test_exact_words_come_before_beginnings_then_words_inside_then_definitions(index: Index) -> None:
    wnids = index.find("dog", 2_000).wnids
    tree = taxonomy.load()

    def tier(wnid: str) -> int:
        lemmas = [lemma.casefold() for lemma in tree[wnid].lemmas]
        tests = ("dog" in lemmas, any(x.startswith("dog") for x in lemmas), any("dog" in x for x in lemmas))
        return next((place for place, holds in enumerate(tests) if holds), 3)

    tiers = [tier(wnid) for wnid in wnids]
    assert tiers == sorted(tiers)
    assert set(tiers) == {0, 1, 2, 3}
    assert tiers[wnids.index(HOT_DOG)] == 2


def test_among_equals_the_category_with_more_below_it_comes_first(index: Index) -> None:
    tree = taxonomy.load()
    named = index.find("cell", 4).wnids
    assert all("cell" in tree[wnid].lemmas for wnid in named)  # so that they are equals
    sizes = [len([below for below in tree.closure(wnid) if tree[below].in_fall_2011]) for wnid in named]
    assert sizes == sorted(sizes, reverse=True)
    assert len(set(sizes)) > 1


def test_a_definition_is_found_where_no_word_is(index: Index) -> None:
    assert index.find("plays the flute").wnids == (FLUTIST,)


def test_no_more_than_asked_for_and_a_word_that_there_are_more(index: Index) -> None:
    hits = index.find("a", 7)
    assert len(hits.wnids) == len(set(hits.wnids)) == 7
    assert hits.more
    assert not index.find("flutist").more


def test_a_misspelt_word_gives_the_nearest_spellings(index: Index) -> None:
    hits = index.find("axolotle")
    assert hits.wnids == ()
    assert hits.spellings[0] == "axolotl"


@pytest.mark.parametrize("text", ["", "   ", "\n"])
def test_nothing_finds_nothing(index: Index, text: str) -> None:
    assert index.find(text) == search.Hits(())


@pytest.mark.parametrize("text", ["<b>dog</b>", "🐶", "n99999999", "\\", "[a-z]*", "zzzzzzzz", "\x00"])
def test_markup_emoji_and_strangers_find_nothing_and_break_nothing(index: Index, text: str) -> None:
    assert index.find(text).wnids == ()


def test_a_text_longer_than_any_word_is_refused_in_a_sentence(index: Index) -> None:
    with pytest.raises(SearchError, match="at most 100 characters"):
        index.find("a" * 10_000)


def test_other_senses_share_a_word(index: Index) -> None:
    assert FLUTE_GLASS in index.senses(FLUTE)
    assert FLUTE in index.senses(FLUTE_GLASS)
    assert index.senses(FLUTIST) == ()


@pytest.mark.slow
@pytest.mark.usefixtures("planted")
def test_no_masked_word_is_suggested_but_one_that_is_typed_is_found() -> None:
    index = search.of_words()
    tree = taxonomy.load()
    offensive = next(wnid for wnid in tree.people if tree[wnid].safety == "offensive")
    word = sentinels.lemma(tree[offensive])
    assert index.find(word).wnids == (offensive,)
    near = index.find(word[:-1] + "zz")
    assert near.wnids == ()
    assert not any("offensive" in spelling for spelling in near.spellings)
