package org.facestyle.demo

import android.content.Context
import android.content.Intent
import android.os.Looper
import org.junit.Assert.assertEquals
import org.junit.Assert.assertFalse
import org.junit.Assert.assertTrue
import org.robolectric.Robolectric
import org.robolectric.RuntimeEnvironment
import org.robolectric.Shadows.shadowOf
import org.robolectric.android.controller.ActivityController
import java.io.File

/** The benchmark activity, started as adb starts it, and what it leaves. */
class BenchmarkRun(engines: EngineFactory, clock: Clock, extras: String) : AutoCloseable {
    // A thread that hangs fails its own test, and no other one.
    private val earlier = threads()

    init {
        val demo = RuntimeEnvironment.getApplication() as DemoApplication
        demo.engines = engines
        demo.clock = clock
    }

    val controller: ActivityController<BenchmarkActivity> =
        Robolectric.buildActivity(BenchmarkActivity::class.java, intent(extras)).setup()
    val activity: BenchmarkActivity get() = controller.get()

    /** Waits for the activity's thread, if it has one, and does what it leaves to the main thread. */
    fun await() {
        for (thread in threads() - earlier) {
            thread.join(PATIENCE)
            assertFalse("the benchmark does not end", thread.isAlive)
        }
        shadowOf(Looper.getMainLooper()).idle()
    }

    /** The text of the JSON, after the end. */
    fun result(): String {
        await()
        val reason = File(FOLDER, "$OUTPUT.error.txt")
        assertTrue(if (reason.exists()) reason.readText() else "nothing", result.exists())
        assertEquals(listOf(result.name), names())
        return result.readText()
    }

    /** Why there is no JSON, after the end. */
    fun failure(): String {
        await()
        assertEquals(listOf("$OUTPUT.error.txt"), names())
        val text = File(FOLDER, "$OUTPUT.error.txt").readText()
        assertTrue(text, Regex("[^\n]+\n").matches(text))
        return text.trimEnd()
    }

    override fun close() {
        await()
        assertTrue("the activity goes on", activity.isFinishing)
        controller.close()
    }

    companion object {
        const val OUTPUT = "facestyle-0123"
        private const val PATIENCE = 120_000L

        private fun threads() =
            Thread.getAllStackTraces().keys.filter { it.name == "benchmark" }.toSet()

        /** Where the contract says that results are. */
        val FOLDER: File
            get() {
                val context: Context = RuntimeEnvironment.getApplication()
                return File(context.getExternalFilesDir(null), "benchmark")
            }

        val result: File get() = File(FOLDER, "$OUTPUT.json")

        /** Of all files in the folder. */
        fun names(): List<String> = FOLDER.list().orEmpty().sorted()

        /** The extras of a command line of `am start`. */
        fun intent(extras: String) = Intent().apply {
            val words = extras.split(' ').filter(String::isNotEmpty).chunked(3)
            for ((flag, name, value) in words) {
                when (flag) {
                    "--es" -> putExtra(name, value)
                    "--ei" -> putExtra(name, value.toInt())
                    "--ef" -> putExtra(name, value.toFloat())
                    "--efa" -> putExtra(name, value.split(',').map(String::toFloat).toFloatArray())
                    else -> error("am knows no $flag")
                }
            }
        }
    }
}
