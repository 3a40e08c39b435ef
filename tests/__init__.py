"""The tests of actorbus; docs and helpers are imported as `tests.…` from the project's root."""
