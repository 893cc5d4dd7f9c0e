"""Sampling: which packets of a clip are decoded where all of them would take too long.

Groups of pictures are decoded whole, or their keyframe alone: first those that end early, as an encoder begins another
one at a cut, and those whose packets differ, as they do around cuts and in what is black or frozen.
"""

from collections import Counter
from collections.abc import Sequence
from itertools import accumulate, pairwise
from math import inf

# What a decoder spends on a packet, in bits: its own, and for each pixel. And what is spent on a clip of 120 s at most.
_PIXEL_BITS, AFFORDABLE_BITS, _LONGEST_S = 0.08, 1_600_000_000, 120
# Groups of phones are as long; a part of one; how early one ends, and how many are as long as is usual.
_GROUP_S, _PART_S, _EARLY, _USUAL = 1.0, 0.25, 0.9, 0.25


def decoded(packets: Sequence[tuple[int, bool]], pixels: int, seconds: float) -> list[bool]:
    """Whether each packet is decoded, of which these are the bytes, and whether they are keyframes."""
    costs = [8 * size + pixels * _PIXEL_BITS for size, _ in packets]
    left = AFFORDABLE_BITS * max(1.0, seconds / _LONGEST_S) - sum(costs)
    chosen, rate, starts = [True] * len(packets), len(packets) / max(seconds, _PART_S), [0]
    for number, (_, is_keyframe) in enumerate(packets):
        if is_keyframe and number - starts[-1] >= rate * _GROUP_S:
            starts.append(number)
    groups = list(pairwise([*starts, len(packets)]))
    counts = Counter(end - start for start, end in groups)
    usual = max((length for length, count in counts.items() if count >= len(groups) * _USUAL), default=inf)

    def worth(group: tuple[int, int]) -> float:
        own = costs[slice(*group)]
        return inf if len(own) < _EARLY * usual else _unevenness(own[1:], max(1, round(rate * _PART_S))) / sum(own)

    for start, end in sorted(groups, key=worth) if left < 0 else ():
        if left < 0:
            left += sum(costs[start + 1 : end])
            chosen[start + 1 : end] = [False] * (end - start - 1)
    return chosen


def _unevenness(costs: Sequence[float], length: int) -> float:
    """What the dearest part of so many packets costs, of what the cheapest does."""
    sums = [0.0, *accumulate(costs)]
    parts = [after - before for before, after in zip(sums, sums[length:], strict=False)]
    return max(parts) / min(parts) if parts else 1.0
