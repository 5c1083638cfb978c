"""The claim that a provider that withdraws its routes is gone, although its machines still run."""
