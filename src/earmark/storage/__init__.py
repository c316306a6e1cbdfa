"""How rows are kept: engines, tables, migrations, the tenant-bound handle. Nothing above knows the dialect."""
