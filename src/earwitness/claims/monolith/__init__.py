"""The claim that one process costs a tenth of a pipeline of steps."""
