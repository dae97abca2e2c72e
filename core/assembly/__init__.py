"""Published data sets, as their makers lay them out -> manifests of their films."""
