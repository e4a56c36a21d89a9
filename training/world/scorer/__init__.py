"""The larger domain's independent scorer and its frozen test: pictures and answers against their specs, never a model."""
