"""From a message of either dialect to the one question that both put (`visionspec_mockserver.core.Ask`)."""
