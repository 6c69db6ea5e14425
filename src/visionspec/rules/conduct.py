"""How a client behaves from one request to the next, as far as numbers decide it."""

from __future__ import annotations

import math
import sys

from visionspec._registry import rule
from visionspec.errors import InvalidInput, show
from visionspec.rules._check import is_number

FIRST_WAIT_S = 0.3
"""After the first failure: a little less than what the official SDKs wait at least, 0.375 s."""

LONGEST_WAIT_S = 5.0
"""However often it failed: a little less than what the official SDKs wait at least in the end, 6 s."""

_DOUBLINGS = math.ceil(math.log2(LONGEST_WAIT_S / FIRST_WAIT_S))


@rule("errors.back-off")
def least_wait_s(failures: int, *, told_s: float | None = None) -> float:
    """How long a client waits at least, in seconds, before it sends again what has failed.

    Args:
        failures: how often it has failed in a row, at least once.
        told_s: what the last answer said by Retry-After or RetryInfo; None if it said nothing.

    Raises:
        InvalidInput: if it has not failed, or was told a time that is none.
    """
    if type(failures) is not int or failures < 1:
        raise InvalidInput(
            f"{show(failures)} is no number of failures: 1 or more", rule="errors.back-off", given=failures
        )
    if told_s is None:
        return min(FIRST_WAIT_S * 2.0 ** min(failures - 1, _DOUBLINGS), LONGEST_WAIT_S)
    if not is_number(told_s) or not 0 <= told_s <= sys.float_info.max:
        raise InvalidInput(f"{show(told_s)} is no time in seconds", rule="errors.back-off", given=told_s)
    return float(told_s)
