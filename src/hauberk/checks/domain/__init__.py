"""The domain as a whole: parked, or imitated by its neighbours."""
