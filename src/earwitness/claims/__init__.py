"""One folder for each claim: claim, experiment, and what only this claim needs."""
