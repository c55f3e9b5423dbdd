package org.facestyle.demo

import android.content.SharedPreferences
import org.facestyle.core.ModelFile

/** What is set once and kept. */
class Settings(private val preferences: SharedPreferences) {
    var processor: Processor
        get() = when (val threads = preferences.getInt("threads", ModelProvider.DEFAULT_THREADS)) {
            0 -> Processor.GPU
            else -> Processor.cpu(threads)
        }
        set(
            value,
        ) = preferences.edit().putInt("threads", if (value.gpu) 0 else value.threads).apply()

    var showTimes: Boolean
        get() = preferences.getBoolean("show_times", false)
        set(value) = preferences.edit().putBoolean("show_times", value).apply()

    /** Whether the golden pair of a model was right on a processor. */
    fun wasRight(file: ModelFile, processor: Processor) =
        preferences.getString(key(file, processor), null) == file.sha256

    fun keepRight(file: ModelFile, processor: Processor) =
        preferences.edit().putString(key(file, processor), file.sha256).apply()

    private fun key(file: ModelFile, processor: Processor) =
        "${file.file} right on ${if (processor.gpu) "gpu" else "cpu"}"

    companion object {
        /** What the settings offer. */
        val PROCESSORS = listOf(1, 2, 4).map(Processor::cpu) + Processor.GPU
    }
}
