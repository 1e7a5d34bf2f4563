"""Sealing: from chunks in the catalogue to frames in Days, in a process of its own."""
