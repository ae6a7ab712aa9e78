"""The ASGI app: python -m uvicorn ops.stripe_simulator.main:app --port 8090"""

from ops.stripe_simulator.application import create_app
from ops.stripe_simulator.settings import Settings

app = create_app(Settings())
