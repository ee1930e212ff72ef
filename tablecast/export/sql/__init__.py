"""A deployment as one SQL statement, which predicts the rows of a table where it stands."""
