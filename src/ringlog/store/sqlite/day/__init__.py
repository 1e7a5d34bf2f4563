"""A Day's file: frames of sealed calls, their text index, counts of their steps."""
