"""Outside shapes to and from the model: pure functions on bytes."""
