"""Wire models, one file per resource: what bodies and queries may say, and how rows are shown."""
