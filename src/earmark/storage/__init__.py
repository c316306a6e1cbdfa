"""Storage: engines, tables, migrations, the tenant-bound handle. Only this package knows the dialect."""
