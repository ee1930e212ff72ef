"""A converter for each fitted estimator; importing this package registers those of every file."""

from tablecast.compiler.registry import import_modules

import_modules(__name__, __path__)
