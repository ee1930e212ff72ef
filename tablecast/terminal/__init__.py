"""What long work says on the terminal, and how it is interrupted."""
