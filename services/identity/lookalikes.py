"""Text that looks like other text: Cyrillic letters in a Latin word, a Latin word in Cyrillic letters.

After Unicode's https://www.unicode.org/reports/tr39/: a word keeps to one script (section 5.2, "highly restrictive"),
and one that is not ASCII cannot be read as if it were (section 4). So nothing that passes looks like an address in
plain letters, and no table has to be asked which of those are taken.
"""

import re
from functools import cache
from typing import Any

# Scripts that one language writes together.
WRITTEN_TOGETHER = (
    {"LATIN", "HAN", "HIRAGANA", "KATAKANA"},
    {"LATIN", "HAN", "BOPOMOFO"},
    {"LATIN", "HAN", "HANGUL"},
)
OF_ALL_SCRIPTS = {"COMMON", "INHERITED"}
# Joiners, fillers and selectors that draw nothing (Default_Ignorable_Code_Point) and yet count as letters or marks.
UNSEEN = re.compile("[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u3164\ufe00-\ufe0f\uffa0\U000e0100-\U000e01ef]")


def deceives(word: str) -> bool:
    """True when a word hides something, mixes scripts that nobody writes together, or is not ASCII and reads as if it
    were."""
    if word.isascii():
        return False
    if UNSEEN.search(word):
        return True
    script_of, confusables = _unicode_data()
    scripts = {script_of(letter) for letter in word} - OF_ALL_SCRIPTS
    if len(scripts) > 1 and not any(scripts <= together for together in WRITTEN_TOGETHER):
        return True
    return all(
        letter.isascii() or any(other["c"].isascii() for other in confusables.get(letter, ())) for letter in word
    )


@cache
def _unicode_data() -> Any:
    # Ten megabytes that a process needs from its first address beyond ASCII on.
    from confusable_homoglyphs import categories, confusables

    return categories.alias, confusables.confusables_data
