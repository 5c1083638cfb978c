"""English words that say nothing of what is searched for. Data only.

The first list are words of grammar; the second is how questions are framed ("what was said about",
"summarise the discussion of"), which tells what to do and not what it is about. A query of nothing
but these is searched as it is.
"""

_GRAMMAR = """
a about above after again all also am an and any are aren as at be because been before being below
between both but by can cannot could couldn d did didn do does doesn doing don down during each else
ever few for from further get gets getting got had hadn has hasn have haven having he her here hers
herself him himself his how i if in into is isn it its itself just let ll m may me might more most
much must mustn my myself no nor not of oh ok okay on once one only or other ought our ours
ourselves out over own please re s same she should shouldn so some such t than that the their theirs
them themselves then there these they this those through to too under until up upon us ve very was
wasn we were weren what when where whether which while who whom whose why will with won would
wouldn yeah yes yet you your yours yourself yourselves
"""
_FRAME = """
describe described discuss discussed discusses discussing discussion explain explained mention
mentioned said say saying says summarise summarize summary talk talked talking tell think thinks
thought told
"""

GRAMMAR = frozenset(_GRAMMAR.split())
STOP_WORDS = GRAMMAR | frozenset(_FRAME.split())
