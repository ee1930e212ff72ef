"""The web application and what runs it: Flask, the plain case before it, and both servers."""
