"""Speed, as ratios measured side by side in one run: absolute times of a shared machine mean little."""
