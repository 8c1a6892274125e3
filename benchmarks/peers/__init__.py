"""The servers that DriftSentry is measured beside: each pushes what is posted to it, and does nothing else."""
