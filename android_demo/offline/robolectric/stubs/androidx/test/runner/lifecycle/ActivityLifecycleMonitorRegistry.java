package androidx.test.runner.lifecycle;

/** Keeps the monitor that Robolectric registers before each test. */
public final class ActivityLifecycleMonitorRegistry {
    private static ActivityLifecycleMonitor monitor;

    private ActivityLifecycleMonitorRegistry() {}

    public static void registerInstance(ActivityLifecycleMonitor registered) {
        monitor = registered;
    }

    public static ActivityLifecycleMonitor getInstance() {
        return monitor;
    }
}
