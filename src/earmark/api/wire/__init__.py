"""Wire models, one file per resource: request bodies, queries and responses."""
