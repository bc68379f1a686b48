"""One module a peer; each has `version()` and `work(workload)`, which returns a `Call`.

`work` raises `NotDoneError` for what the peer does not do.
"""

PEERS = {  # module: what its rows are compared as
    "notebook": "NumPy",
    "with_numba": "numba",
    "with_jax": "JAX",
    "with_jax_scan": "JAX",
    "with_torch": "PyTorch",
    "compiled": "crnn",
}
OURS = "crnn"
