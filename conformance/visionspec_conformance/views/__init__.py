"""Views of a report: terminal summary, JUnit XML, HTML matrix. Each is a pure function of events."""
