"""The independent scorer: does a picture hold what a prompt asked for? It never sees the model or its codes."""
