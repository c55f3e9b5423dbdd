package org.facestyle.demo

import android.content.Intent
import java.io.File

/** What adb asks the benchmark activity for; see benchmarks/android/README.md. */
class BenchmarkOrder(
    /** The file to be measured. */
    val model: File,
    /** What it must be, in hexadecimal. */
    val sha256: String,
    /** Where it is to run, and nowhere else. */
    val processor: Processor,
    /** Frames before the measured ones, the first one included. */
    val warmUp: Int,
    /** At least so many measured frames. */
    val runs: Int,
    /** And at least so long, end to end. */
    val seconds: Float,
    /** Frames back to back after that; 0 for none. */
    val sustainSeconds: Float,
    /** Comes back in the result. */
    val runId: String,
    /** How much of the style. */
    val strength: Float,
    /** Null for 0.5 throughout. */
    val styleCode: FloatArray?,
) {
    companion object {
        private val PLAIN = Regex("[A-Za-z0-9_-]{1,64}")

        /** The name of the result; null when there is none, or one that leads out of its folder. */
        fun output(intent: Intent): String? =
            intent.getStringExtra("output")?.takeIf(PLAIN::matches)

        /** @throws CannotRun when something is missing or makes no sense. */
        fun from(intent: Intent): BenchmarkOrder {
            fun text(name: String) =
                intent.getStringExtra(name) ?: throw CannotRun("the extra $name is missing")
            val threads = intent.getIntExtra("threads", ModelProvider.DEFAULT_THREADS)
            if (threads < 1) throw CannotRun("$threads threads; at least 1 is needed")
            val gpu = when (val delegate = intent.getStringExtra("delegate") ?: "cpu") {
                "cpu" -> false
                "gpu" -> true
                // Never another one instead.
                else -> throw CannotRun("there is no delegate $delegate, only cpu and gpu")
            }
            return BenchmarkOrder(
                model = File(text("model")),
                sha256 = text("model_sha256"),
                processor = Processor(gpu, threads),
                warmUp = intent.getIntExtra("warm_up", 10),
                runs = maxOf(1, intent.getIntExtra("runs", 50)),
                seconds = intent.getFloatExtra("seconds", 0f),
                sustainSeconds = intent.getFloatExtra("sustain_seconds", 0f),
                runId = intent.getStringExtra("run_id").orEmpty(),
                strength = intent.getFloatExtra("strength", 1f),
                styleCode = intent.getFloatArrayExtra("style_code"),
            )
        }
    }
}
