"""One module a peer; each has `version()` and `work(workload, dtype, sizes)`."""
