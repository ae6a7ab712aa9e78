"""The application: `gunicorn --workers 3 "ops.bench.baseline.application:create_app()"`."""

import os

from flask import Flask

from ops.bench.baseline.accounts import accounts
from ops.bench.baseline.courses import courses
from ops.bench.baseline.learning import learning
from ops.bench.baseline.models import db


def create_app() -> Flask:
    """The monolith on the database that DATABASE_URL names."""
    app = Flask(__name__)
    app.config["SQLALCHEMY_DATABASE_URI"] = os.environ["DATABASE_URL"]
    db.init_app(app)
    for blueprint in (accounts, courses, learning):
        app.register_blueprint(blueprint)
    return app
