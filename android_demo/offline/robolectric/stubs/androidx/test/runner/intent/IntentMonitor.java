package androidx.test.runner.intent;

/** What is told of intents. */
public interface IntentMonitor {}
