package androidx.test.runner.intent;

/** Nobody here asks which intents were sent this way; Robolectric's shadows say it too. */
public final class IntentMonitorRegistry {
    private IntentMonitorRegistry() {}

    public static void registerInstance(IntentMonitor monitor) {}
}
