"""Long texts are cut between what people see as one sign."""

from services.notifications.texts import cut, one_line


def test_a_text_without_blanks_keeps_nearly_all_that_fits() -> None:
    short = cut("各位同学 " + "数" * 725, 500)
    assert short == "各位同学 " + "数" * 494 + "…"


def test_words_stay_whole_where_there_are_blanks() -> None:
    assert cut("one two three four five " * 30, 100).removesuffix("…").split()[-1] in {
        "one",
        "two",
        "three",
        "four",
        "five",
    }


def test_no_sign_is_torn() -> None:
    family = "👨‍👩‍👧‍👦"
    assert cut(family * 100, 500) == family * (499 // len(family)) + "…"
    assert one_line("e\u0301" * 150) == "e\u0301" * 99 + "…"
    assert cut("short", 500) == "short"
