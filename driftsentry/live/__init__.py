"""The live feed: who is connected, and what each of them is told after a commit."""
