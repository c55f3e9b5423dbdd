package org.facestyle.core

import org.json.JSONArray
import org.json.JSONObject
import java.time.Instant
import java.time.temporal.ChronoUnit

/** The model file that was measured. */
class BenchmarkFile(
    /** Without its folder. */
    val name: String,
    /** Computed from the bytes that were loaded, in hexadecimal. */
    val sha256: String,
    /** Its length. */
    val bytes: Long,
)

/** What ran the model. */
class BenchmarkRuntime(
    /** Of LiteRT; null if unknown. */
    val version: String?,
    /** `XNNPACK` or `GPU`: what really ran, not what was asked for. */
    val delegate: String,
    /** Of the CPU. */
    val threads: Int,
    /** Of the runtime's library, in hexadecimal; null if unknown. */
    val sha256: String? = null,
)

/** The phone. */
class BenchmarkDevice(
    /** Maker and model. */
    val name: String,
    /** Such as `Android 14`. */
    val system: String,
    /** Android's API level. */
    val sdk: Int,
)

/** What one run of the benchmark activity measured; null for what cannot be told. */
class BenchmarkRow(
    /** What was measured. */
    val file: BenchmarkFile,
    /** By what. */
    val runtime: BenchmarkRuntime,
    /** Of the measured frames, at least one. */
    val times: FrameTimes,
    /** From the file to an interpreter with its delegate and allocated tensors. */
    val loadNanos: Long,
    /** Of the first inference. */
    val firstRunNanos: Long,
    /** Over what the process had before the model was loaded. */
    val peakMemoryBytes: Long? = null,
    /** Of the graph, by the delegate. */
    val partitions: Int? = null,
    /** Whether the delegate took all. */
    val fullyDelegated: Boolean? = null,
    /** Of the frames back to back after that; null without any. */
    val sustained: FrameTimes? = null,
    /** Texts, numbers and truths, such as `run_id`. */
    val conditions: Map<String, Any> = emptyMap(),
) {
    /**
     * The benchmark activity's result: a document of `benchmarks/report/schema.json`.
     *
     * @param created when the run ended.
     * @param tools versions of all that took part, by name.
     * @param device what it ran on.
     */
    fun document(created: Instant, tools: Map<String, String>, device: BenchmarkDevice): String =
        JSONObject()
            .put("format", "facestyle-benchmark/1")
            .put("created", created.truncatedTo(ChronoUnit.SECONDS).toString())
            .put("tools", JSONObject(tools))
            .put("device", device(device))
            .put("rows", JSONArray().put(row()))
            .toString()

    private fun device(device: BenchmarkDevice) = JSONObject()
        .put("kind", "android")
        .put("name", device.name)
        .put("system", device.system)
        .put("sdk", device.sdk)

    private fun row(): JSONObject {
        val row = JSONObject()
            .put("name", "benchmark")
            .put("format", "tflite")
            .put("file", file())
            .put("runtime", runtime())
            .put("stages", stages())
            .put("load_ms", loadNanos / NANOS_A_MILLISECOND)
            .put("first_run_ms", firstRunNanos / NANOS_A_MILLISECOND)
            .put("conditions", JSONObject(conditions))
        // Null leaves a member out: what cannot be told is not in the document.
        row.putOpt("peak_memory_bytes", peakMemoryBytes)
        row.putOpt("partitions", partitions)
        row.putOpt("fully_delegated", fullyDelegated)
        val long = sustained?.takeIf { it.frames > 0 }
        row.putOpt("sustained", long?.let { sustained(Windows.of(it)) })
        return row
    }

    private fun file() = JSONObject()
        .put("name", file.name)
        .put("sha256", file.sha256)
        .put("bytes", file.bytes)

    private fun runtime() = JSONObject()
        .put("name", "LiteRT")
        .putOpt("version", runtime.version)
        .put("delegate", runtime.delegate)
        .put("threads", runtime.threads)
        .putOpt("sha256", runtime.sha256)

    private fun stages(): JSONObject {
        val stages = JSONObject()
        FrameTimes.STAGES.forEachIndexed { i, name -> stages.put(name, stage(i)) }
        return stages
    }

    private fun stage(stage: Int): JSONObject {
        val samples = JSONArray()
        var sum = 0L
        for (frame in 0 until times.frames) {
            val nanos = times.nanos(frame, stage)
            samples.put(nanos / NANOS_A_MILLISECOND)
            sum += nanos
        }
        return JSONObject()
            .put("runs", times.frames)
            .put("seconds", sum / NANOS_A_SECOND)
            .put("samples_ms", samples)
    }

    private fun sustained(windows: Windows) = JSONObject()
        .put("seconds", windows.seconds)
        .put("window_seconds", windows.windowSeconds)
        .put("p50_ms", JSONArray(windows.medians))
        .put("drift", windows.drift)
}
