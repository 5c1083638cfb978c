"""Looking at a system that is not ours: targets, guarded sessions, evidence, findings."""
