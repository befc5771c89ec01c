"""What a deal's lines cost: quantities and prices that add up to the deal's amount, to the cent.

Pure arithmetic; which products a deal has is drawn by each half.
"""

from __future__ import annotations

from collections.abc import Sequence


def priced(total: int, wanted: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """Of each line its quantity and its price, in cents; together they cost `total`. `wanted`: what each line
    is to cost and its list price; the last one takes what is left. Lines with nothing left fall away."""
    found, left = [], total
    for number, (share, price) in enumerate(wanted):
        is_last = number == len(wanted) - 1
        cost = left if is_last else min(left, share)
        if cost <= 0:
            continue
        quantity = max(1, round(cost / price))
        if is_last or cost == left:
            quantity = next(n for n in range(quantity, 0, -1) if left % n == 0)
        found.append((quantity, round(cost / quantity)))
        left -= quantity * found[-1][1]
        if not left:
            break
    return found
