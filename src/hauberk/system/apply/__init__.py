"""From the trees of the hosts to the hosts: what differs, the change as one step, and the way back."""
