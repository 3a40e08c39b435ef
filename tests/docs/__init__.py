"""Every snippet, example and sample topology runs."""
