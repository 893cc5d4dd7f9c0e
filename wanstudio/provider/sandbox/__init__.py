"""A stand-in for APIXO, served over real HTTP: the product's own client, worker and archive run against it by default.

It knows the public contract and nothing of the studio. APIXO's model on loopback, nothing billed, no one waits long.

    sandbox_server → http_handler → request_body   HTTP, and faults ordered in a prompt
    task_runner → task_inputs, stand_in_video      work; task_store remembers it through any kill
    stand_in_video → clip_motion, puppet           pictures

It accepts http callbacks on loopback and to the studio that runs it, which APIXO does not; otherwise
what is refused here is refused there.
"""

from wanstudio.provider.apixo.description import APIXO, Apixo

KEY = "sandbox"

SANDBOX = Apixo(
    name="sandbox",
    display_name="the sandbox",
    key_name="sandbox’s key",
    hook=APIXO.hook,
    site="",
    base_url="http://127.0.0.1:8001/api/v1",
    pace=0.03,
    plans=(),
    read_timeout_s=15.0,
    models=APIXO.models,
)
