"""The demo's story, on a platform of its own: all processes, over the gateway."""

from typing import Any

from ops import demo


def test_a_learner_comes_from_sign_up_to_the_certificate(platform: dict[str, Any]) -> None:
    assert platform["openid"], "else the story would leave out who comes by a provider"
    assert demo.run(platform) == 0
