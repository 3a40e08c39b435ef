"""Unit tests of the shelf."""
