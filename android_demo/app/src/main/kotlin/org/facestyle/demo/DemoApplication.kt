package org.facestyle.demo

import android.app.Activity
import android.app.ActivityManager
import android.app.Application
import android.os.SystemClock
import java.io.File
import java.util.concurrent.ExecutorService
import java.util.concurrent.Executors

/** What all screens share, and what tests put others in the place of. */
class DemoApplication : Application() {
    /** Executes model files. */
    var engines: EngineFactory = InterpreterEngine

    /** Where live frames come from. */
    var frames: (Activity) -> FrameSource = { activity ->
        // Deprecated from API 30 on; what replaces it is not there before.
        @Suppress("DEPRECATION")
        CameraFrames(activity, display = { activity.windowManager.defaultDisplay })
    }

    /** What frames of the benchmark are timed with. */
    var clock = Clock(SystemClock::elapsedRealtimeNanos)

    /** For what goes on when a screen is turned or left, such as writing a picture. */
    val background: ExecutorService by lazy {
        Executors.newSingleThreadExecutor { Thread(it, "background") }
    }

    /** What background work has to say. */
    val events = EventChannel()

    /** Bytes that this app may still have before the phone closes others for it. */
    var freeMemory: () -> Long = {
        val memory = ActivityManager.MemoryInfo()
        getSystemService(ActivityManager::class.java).getMemoryInfo(memory)
        memory.availMem - memory.threshold
    }

    /** What is shipped, and what executes it. */
    var models: ModelProvider
        get() = made ?: ModelProvider(ShippedFiles(assets), engines).also { made = it }
        set(value) {
            made = value
        }
    private var made: ModelProvider? = null

    /** Those that people added. */
    val ownStyles: OwnStyles by lazy {
        OwnStyles(File(filesDir, "styles"), models.files.styles.weights)
    }
}
