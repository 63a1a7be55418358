"""What the need meets: income system, refugees, room to manoeuvre, fiscal standing."""
