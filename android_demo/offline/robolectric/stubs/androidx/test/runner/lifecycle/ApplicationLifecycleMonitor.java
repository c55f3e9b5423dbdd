package androidx.test.runner.lifecycle;

/** What is told of an application's stages. */
public interface ApplicationLifecycleMonitor {}
