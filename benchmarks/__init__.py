"""Speed and size, measured beside something that everybody knows, in one run."""
