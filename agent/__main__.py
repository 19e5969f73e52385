"""The agent's command line."""


def main() -> None:
    """Run a command."""
