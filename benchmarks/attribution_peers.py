"""ChannelAttribution and marketing-attribution-models over the same journeys, in their own interpreter.

Belongs here: what a user of these packages would write. Run by `benchmarks.attribution`.
"""

from __future__ import annotations

import contextlib
import io
import itertools
import sys
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

import pandas as pd
from attribution_paths import CHANNELS, arrays


def frame(count: int) -> Any:
    channels, offsets, converted = arrays(count)
    names = [CHANNELS[channel] for channel in channels]
    bounds = offsets.tolist()
    paths = [" > ".join(names[a:b]) for a, b in itertools.pairwise(bounds)]
    return pd.DataFrame({"path": paths, "conv": converted.astype(int), "null": (~converted).astype(int)})


def told(engine: str, model: str, began: float) -> None:
    print(f"| {engine} | {model} | {time.perf_counter() - began:.2f} |", flush=True)


def channel_attribution(data: Any) -> None:
    import ChannelAttribution

    for order in (1, 2, 3):
        began = time.perf_counter()
        with contextlib.redirect_stdout(io.StringIO()):
            ChannelAttribution.markov_model(data, "path", "conv", var_null="null", order=order, ncore=1)
        told("ChannelAttribution, simulated", f"Markov order {order}", began)


def mam(data: Any) -> None:
    from mam import MAM

    journeys = data.assign(conversion=data["conv"] == 1)[["path", "conversion"]]
    journeys.insert(0, "journey_id", range(len(journeys)))
    journeys["time_till_end"] = [" > ".join("0" * (path.count(" > ") + 1)) for path in journeys["path"]]
    model = MAM(
        journeys, format_type="journey", channels_colname="path", journey_with_conv_colname="conversion"
    )
    for name, work in (("Markov order 1", model.run_markov), ("Shapley", model.run_shapley)):
        began = time.perf_counter()
        with contextlib.redirect_stdout(io.StringIO()):
            work()
        told("marketing-attribution-models", name, began)


if __name__ == "__main__":
    everything = frame(int(sys.argv[1]))
    for peer in (channel_attribution, mam):
        try:
            peer(everything)
        except Exception as error:  # noqa: BLE001 - a peer that fails is a row
            print(f"| {peer.__name__} | failed: {type(error).__name__}: {str(error)[:80]} | |", flush=True)
