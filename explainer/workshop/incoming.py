"""Values that come from a browser: exactly of the type that is meant, and within its range, or refused.

A browser can send anything: True where a number is meant (which Python takes for 1), a list in the place of a word, a
number with forty digits. What changes something asks here first, at the very place where it is changed. Each refusal
is one line in the log, without the value.

>>> is_whole(3, 0, 47), is_whole(True, 0, 47), is_whole(48, 0, 47)
(True, False, False)
"""

import logging
import re
from typing import Any, TypeGuard

_log = logging.getLogger("explainer")


def is_whole(value: object, lowest: int, highest: int) -> TypeGuard[int]:
    """Whether it is a whole number, and no boolean, from the lowest to the highest."""
    return _told(type(value) is int and lowest <= value <= highest, "a whole number")


def is_text(value: object, pattern: re.Pattern[str]) -> TypeGuard[str]:
    """Whether it is a text that fits the whole pattern."""
    return _told(type(value) is str and pattern.fullmatch(value) is not None, "a text")


def is_switch(value: object) -> TypeGuard[bool]:
    """Whether it is yes or no, and nothing that stands for one."""
    return _told(type(value) is bool, "yes or no")


def is_one_of(value: object, known: Any) -> bool:
    """Whether it is a text among those that are known: the keys of a mapping, the members of a collection."""
    return _told(type(value) is str and value in known, "a choice")


def is_list_of_whole(value: object, lowest: int, highest: int) -> TypeGuard[list[int]]:
    """Whether it is a list of different whole numbers from the lowest to the highest."""
    if not isinstance(value, list | tuple | set | frozenset) or len(value) > highest - lowest + 1:
        return _told(False, "a list of numbers")
    return _told(all(type(each) is int and lowest <= each <= highest for each in value), "a list of numbers")


def _told(fits: bool, meant: str) -> bool:
    if not fits:
        _log.warning("A value was ignored that is not %s as a page of this app sends it.", meant)
    return fits
