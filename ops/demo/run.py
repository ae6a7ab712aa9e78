"""Runs the demo on a running platform."""

import time
from typing import Any

from rich.console import Console

from ops.demo.steps import StepFailed, Steps
from ops.demo.story import Story


def run(state: dict[str, Any]) -> int:
    """Walks the story; 0 when all of it passed, 1 with what was expected and what came otherwise.

    `state` is what the platform says of itself: gateway, mail, stripe, openid, admin{email, password}.
    """
    console = Console(highlight=False)
    started = time.perf_counter()
    steps = Steps(console)
    story = Story(state)
    try:
        for title, act in story.steps():
            steps.do(title, act)
    except StepFailed:
        console.print(f"\ndemo: {steps.passed} steps passed, 1 failed; `make logs` shows what the services say")
        return 1
    finally:
        story.close()
    console.print(f"\n  API docs           {state['gateway']}/docs")
    console.print(f"  mail catcher       {state['mail']}")
    console.print(f"  payment simulator  {state['stripe']}")
    if state["openid"]:
        console.print(f"  OpenID simulator   {state['openid']}")
    console.print(f"  certificate        {story.certificate_url}", soft_wrap=True)
    console.print("\nThe platform stays up: `make status`, `make logs`, `make down`; `make demo` runs the story again.")
    console.print(f"The story took {time.perf_counter() - started:.1f} s.")
    console.print(f"demo: {steps.passed} steps passed, 0 failed")
    return 0
