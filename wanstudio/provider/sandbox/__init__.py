"""A stand-in for APIXO, served over real HTTP: the product's own client, worker and archive run against it by default.

It knows the public contract and nothing of the studio.

    sandbox_server → http_handler → request_body, envelopes   HTTP
    task_runner → task_inputs, stand_in_video                 work; task_store remembers it through any kill
    stand_in_video → clip_motion, cutout, puppet              pictures; film_writer writes them
    sandbox_provider                                          the sandbox as a provider, for everything outside
    fault_prompts                                             faults ordered in a prompt, to try out what can go wrong

It accepts http callbacks on loopback, which APIXO does not; otherwise what is refused here is refused there.
"""
