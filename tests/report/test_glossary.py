from sim.report.glossary import GLOSSARY


def test_every_word_is_explained_once() -> None:
    words = [word for word, _ in GLOSSARY]
    assert len(words) == len(set(words))
    assert {"delivery", "debounce", "refetch", "collapse ratio", "leak opportunity", "lateness"} <= set(words)
    assert all(meaning.endswith(".") for _, meaning in GLOSSARY)
