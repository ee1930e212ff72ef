"""What a browser or a program is answered with."""
