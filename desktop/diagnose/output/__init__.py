"""What leaves the Diagnose tab: pictures to save and copy, reports."""
