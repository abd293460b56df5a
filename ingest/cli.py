"""The `lineage` command: everything that fetches, loads, asks and reports, in one group."""

from __future__ import annotations

import sys

try:
    import click

    from ingest.commands import fetch, record, servers, sharing
    from lineage import __version__, cli, published, reports
    from lineage.console import Program

    @click.group(cls=Program, name="lineage")
    @click.version_option(__version__, prog_name="lineage", help="Print the version.")
    def main() -> None:
        """Family trees and derivative counts of open models.

        Read from the base_model tags of the Hugging Face Hub. Every number carries its rule and its source.
        """

    for _command in (
        *fetch.COMMANDS,
        *sharing.COMMANDS,
        *record.COMMANDS,
        *cli.COMMANDS,
        *reports.COMMANDS,
        *published.COMMANDS,
        servers.ui,
        servers.neo4j,
    ):
        main.add_command(_command)
except KeyboardInterrupt:
    import os

    from lineage import failures

    stopped = failures.stop(sys.argv[1:])
    sys.stderr.write(f"lineage: {stopped.message}\n")
    sys.stdout.write(failures.told(stopped, sys.argv[1:]))
    sys.stderr.flush()
    sys.stdout.flush()
    os._exit(stopped.exit_code)


if __name__ == "__main__":
    main()
