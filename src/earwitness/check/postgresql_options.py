"""What a check of PostgreSQL does only when it is asked to. Values; the claims say what each one adds."""

from earwitness.check.target import Option

SAMPLE_WAITS = Option(
    name="sample-waits",
    value="DURATION",
    help="also sample what active sessions wait for, for so long: 10s, at most 5m.",
)
MEASURE_WIDTH = Option(
    name="measure-width",
    help="also read rows of wide tables, and keep how many bytes they are; never a value.",
    seconds=60.0,
)
OPTIONS = (SAMPLE_WAITS, MEASURE_WIDTH)
