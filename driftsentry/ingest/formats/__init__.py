"""One module for each kind of report; each turns bytes into a `Scan`."""
