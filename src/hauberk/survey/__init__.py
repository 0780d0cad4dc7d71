"""What to ask about one domain; asks a world, returns an `Observation`. It draws no conclusions."""
