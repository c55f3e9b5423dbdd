"""``facestyle bench --device android``: latency on a phone, over adb."""
