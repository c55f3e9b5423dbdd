package org.facestyle.demo

import android.content.SharedPreferences

/** What is set once and kept. */
class Settings(private val preferences: SharedPreferences) {
    var processor: Processor
        get() = when (val threads = preferences.getInt("threads", Studio.DEFAULT_THREADS)) {
            0 -> Processor.GPU
            else -> Processor.cpu(threads)
        }
        set(
            value,
        ) = preferences.edit().putInt("threads", if (value.gpu) 0 else value.threads).apply()

    var showTimes: Boolean
        get() = preferences.getBoolean("show_times", false)
        set(value) = preferences.edit().putBoolean("show_times", value).apply()

    /** Whether the golden pair of a model (by its hash) was right on a processor. */
    fun wasRight(sha256: String, processor: Processor) =
        preferences.getString(key(processor), null) == sha256

    fun keepRight(sha256: String, processor: Processor) =
        preferences.edit().putString(key(processor), sha256).apply()

    private fun key(processor: Processor) = if (processor.gpu) "right_on_gpu" else "right_on_cpu"

    companion object {
        /** What the settings offer. */
        val PROCESSORS = listOf(1, 2, 4).map(Processor::cpu) + Processor.GPU
    }
}
