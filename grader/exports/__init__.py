"""Records in the formats of other systems: a module a format. What each is for, and what is lost: docs/exports.md.

A format is a function of public records (docs/report-format.md) and says so in a FORMAT; it decides nothing about points.
"""

from . import canvas, exercism, github, junit, moodle, nbgrader, prairielearn
from .format import Format

FORMATS: tuple[Format, ...] = tuple(
    module.FORMAT for module in (canvas, moodle, nbgrader, github, junit, exercism, prairielearn)
)
