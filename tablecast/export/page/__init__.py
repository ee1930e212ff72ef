"""A page that predicts by itself: a deployment as JavaScript, proven equal to the server's."""
