"""Running figures of a run, for the live display, Locust's statistics and OpenTelemetry. No verdict rests on them."""
