"""The API: REST under `/api/v1`, bearer tokens with scopes, every error a problem document (RFC 9457), and `/metrics`."""
