"""What a person sees while the platform starts and stops: one line a step."""

from rich.console import Console


class Progress:
    """Prints steps with their milliseconds; a quiet one prints nothing, for tests."""

    def __init__(self, quiet: bool = False) -> None:
        self._console = Console(quiet=quiet, highlight=False)

    def done(self, name: str, seconds: float) -> None:
        """One finished step."""
        self._console.print(f"  [green]✓[/] {name:<28} [dim]{seconds * 1000:>7.0f} ms[/]")

    def say(self, text: str) -> None:
        """A line that explains something."""
        self._console.print(f"  {text}", markup=False, soft_wrap=True)
