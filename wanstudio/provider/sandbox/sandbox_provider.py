"""The sandbox as a provider: APIXO's contract and model on loopback, where nothing is billed and nobody waits long."""

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
    read_timeout_s=15.0,
    models=APIXO.models,
)
