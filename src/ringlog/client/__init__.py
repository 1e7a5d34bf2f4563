"""Numbers, batches, spools, retries: what a writer needs. Standard library only."""
