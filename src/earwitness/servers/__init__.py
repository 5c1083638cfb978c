"""One room for each real component that an experiment needs."""
