"""Design, schedule, runner, statistics, gates, verdict and prediction: no claim, no server."""
