"""A stand-in for APIXO, served over real HTTP: the product's own client, worker and archive run against it by default.

It knows the public contract and nothing of the studio: validate.py checks a submit as the reference page says,
tasks.py remembers tasks and the balance, runner.py moves them and delivers callbacks, inputs.py fetches the picture
and the clip as APIXO would, render.py makes a real MP4 of them, and server.py is the process around it.

    server → handler → results          HTTP
    runner → inputs, render             work
    render → cutout, motion, puppet     pictures; encode writes them
    prompts                             orders in a prompt, for trying out what can go wrong

It accepts http callbacks on loopback, which APIXO does not; otherwise what is refused here is refused there.
"""
