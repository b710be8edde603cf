"""What a board runs."""
