"""`ringlog doctor`: what a store that is well looks like, checked."""
