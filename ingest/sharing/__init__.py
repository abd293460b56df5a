"""Sealed snapshots as datasets of the Hub: cut into layers, screened, described, put there and fetched again."""

from ingest.sharing.publishing import Published, Said, publish
from ingest.sharing.pulling import pull

__all__ = ["Published", "Said", "publish", "pull"]
