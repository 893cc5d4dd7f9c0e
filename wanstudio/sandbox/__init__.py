"""A stand-in for APIXO, served over real HTTP: it speaks the documented contract and knows nothing else of ours.
"""
