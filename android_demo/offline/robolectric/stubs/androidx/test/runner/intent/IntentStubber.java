package androidx.test.runner.intent;

import android.app.Instrumentation.ActivityResult;
import android.content.Intent;

/** Answers an intent in an activity's place. */
public interface IntentStubber {
    ActivityResult getActivityResultForIntent(Intent intent);
}
