"""The claim that response streaming gives a client the answer before the function has ended."""
