"""Files, connections and the one writer: what everything of the store is kept by."""
