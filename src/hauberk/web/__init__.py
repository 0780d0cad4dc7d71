"""The dashboard and the REST API: thin, on top of the use cases in `hauberk.app`."""
