"""Where grades are kept: written by the coordinator alone. SQLite by default, PostgreSQL or another database by its URL."""

from .counted import Counted, CountedCheck
from .keys import key_of, unit_key
from .outcome import Outcome
from .store import Past, Store

__all__ = ["Counted", "CountedCheck", "Outcome", "Past", "Store", "key_of", "unit_key"]
