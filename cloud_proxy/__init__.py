"""The inference proxy: it routes, meters and answers."""
