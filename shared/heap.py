"""The garbage collector of a process that runs for long, api or worker."""

import gc

# Objects made since the last collection, in net, before the next; Python's own 700 is for small programs.
GARBAGE_THRESHOLD = 20_000


def settle_heap() -> None:
    """What start-up made stays as long as the process: the collector need not walk it again and again, which took a
    quarter of a hot read's time. What requests and events leave behind is nearly all freed without it."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(GARBAGE_THRESHOLD)
