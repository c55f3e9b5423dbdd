"""``facestyle bench --device apple``: latency with Core ML, on macOS or from Xcode's reports."""
