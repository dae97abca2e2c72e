"""What long work shares: events, requests, folders, locks."""
