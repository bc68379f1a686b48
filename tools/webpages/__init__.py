"""What must hold of the pages of the built site."""
