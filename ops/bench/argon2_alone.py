"""The reference for sign-in: passwords compared with their hash, a thread a core, in a process that does nothing else.

`python -m ops.bench.argon2_alone SECONDS` prints how many there were a second.
"""

import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

from ops.native.environment import HUGE_PAGES
from ops.places import ROOT
from services.identity.passwords import hashing_slot

PASSWORD = "the median hides the tails"


def argon2_rate(seconds: float, huge_pages: bool) -> float:
    """Comparisons a second, with memory as the library gets it by itself, or as identity does."""
    environment = {**os.environ, "GLIBC_TUNABLES": HUGE_PAGES if huge_pages else ""}
    argv = (sys.executable, "-m", "ops.bench.argon2_alone", str(seconds))
    told = subprocess.run(argv, env=environment, cwd=ROOT, capture_output=True, text=True, check=True)
    return float(told.stdout)


def _compare_for(seconds: float) -> float:
    with hashing_slot() as hasher:
        password_hash = hasher.hash(PASSWORD)
    ends = time.perf_counter() + seconds

    def compare() -> int:
        done = 0
        while time.perf_counter() < ends:
            with hashing_slot() as hasher:
                hasher.matches(PASSWORD, password_hash)
            done += 1
        return done

    cores = os.cpu_count() or 1
    with ThreadPoolExecutor(cores) as pool:
        return sum(pool.map(lambda _: compare(), range(cores))) / seconds


if __name__ == "__main__":
    sys.stdout.write(f"{_compare_for(float(sys.argv[1]))}\n")
