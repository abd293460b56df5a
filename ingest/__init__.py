"""Everything that fetches and loads: Hub pages to snapshots, names to edges, snapshots to stores."""
