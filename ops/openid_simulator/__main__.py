"""Runs the simulator: `python -m ops.openid_simulator`. README.md has its variables."""

import os

from ops.openid_simulator.server import new_server
from ops.openid_simulator.settings import read_settings

if __name__ == "__main__":
    new_server(read_settings(os.environ)).serve_forever()
