"""Killing things at the worst moments, a thousand times, against a provider that keeps its own books.

    python -m tests.proof.chaos [sqlite|celery|all] [--kills N] [--seed N]        (make chaos: both parts)

outcomes.py   every way a POST can end, by the class that the rule book gives it
ledger.py     the provider's own books: POSTs, tasks, files, dollars; it asks the studio nothing
apixo.py      the provider: plays the outcomes, and kills who is talking to it; callers.py delivers its callbacks
board.py      the order of the moment (who dies where), shared with the victims
traps.py      the points inside a victim: product functions, wrapped to die just before or just after
zygote.py     forks preloaded workers, web servers and beats, so that a restart costs milliseconds; crew.py asks it to
real_web.py   the web as it is really served
plan.py       who dies where, drawn from the seed
cases.py      one click: a job, and what the provider will do to it
drill.py      plays the plan, then lets everything come to rest; served.py and outside.py: what dies at any moment
oracle.py     what must hold then: every complaint is one sentence
report.py     what is printed
"""
