"""`python -m actorbus` is `actorbus`."""

from __future__ import annotations

from actorbus.cli import main

if __name__ == "__main__":
    main()
