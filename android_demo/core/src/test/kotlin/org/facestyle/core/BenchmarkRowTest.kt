package org.facestyle.core

import org.json.JSONArray
import org.json.JSONObject
import org.junit.Assert.assertEquals
import org.junit.Assert.assertFalse
import org.junit.Test
import java.time.Instant

class BenchmarkRowTest {
    private val made = Vectors.read("benchmark")
    private val hash = "0123456789abcdef"
    private val file = BenchmarkFile("$hash.tflite", hash + hash + hash + hash, 9)
    private val library = file.sha256.reversed()

    private val times = FrameTimes().apply {
        for (frame in made.getJSONArray("times")) {
            frame as JSONArray
            add(frame.getLong(0), frame.getLong(1), frame.getLong(2), frame.getLong(3))
        }
    }

    private val long = FrameTimes().apply {
        val rest = made.getLong("sustained_rest")
        for (nanos in made.getJSONArray("sustained_inference")) {
            val inference = (nanos as Number).toLong()
            add(0, inference, 0, inference + rest)
        }
    }

    private fun document(row: BenchmarkRow) = JSONObject(
        row.document(
            Instant.parse("2026-03-01T12:00:00.789Z"),
            mapOf("app" to "0.1.0", "litert" to "1.4.0"),
            BenchmarkDevice("Google Pixel 8", "Android 14", 34),
        ),
    )

    /** Equal, but for the last bits of what is computed. */
    private fun assertSame(wanted: Any, found: Any?, where: String = "document") {
        when (wanted) {
            is JSONObject -> {
                assertEquals(where, wanted.keySet(), (found as JSONObject).keySet())
                for (key in wanted.keySet()) assertSame(wanted[key], found[key], "$where.$key")
            }
            is JSONArray -> {
                assertEquals(where, wanted.length(), (found as JSONArray).length())
                for (i in 0 until wanted.length()) assertSame(wanted[i], found[i], "$where[$i]")
            }
            is Number -> assertEquals(where, wanted.toDouble(), (found as Number).toDouble(), 1e-9)
            else -> assertEquals(where, wanted, found)
        }
    }

    @Test
    fun `the document is the one whose schema Python checks`() {
        val row = BenchmarkRow(
            file,
            BenchmarkRuntime("1.4.0", "XNNPACK", 4, library),
            times,
            loadNanos = 12_500_000,
            firstRunNanos = 15_250_000,
            peakMemoryBytes = 14680064,
            partitions = 1,
            fullyDelegated = true,
            sustained = long,
            conditions =
            mapOf("run_id" to "8c0e5e0b", "inputs" to "a picture", "battery_percent" to 80),
        )
        assertSame(made.getJSONObject("document"), document(row))
    }

    @Test
    fun `what cannot be told is left out`() {
        val runtime = BenchmarkRuntime(version = null, "GPU", 1)
        val row = BenchmarkRow(file, runtime, times, 1, 1, sustained = FrameTimes())
        val found = document(row).getJSONArray("rows").getJSONObject(0)
        for (key in listOf("peak_memory_bytes", "partitions", "fully_delegated", "sustained")) {
            assertFalse(key, found.has(key))
        }
        for (key in listOf("version", "sha256")) {
            assertFalse(key, found.getJSONObject("runtime").has(key))
        }
    }

    private fun windows(vararg seconds: Double) = Windows.of(
        FrameTimes().apply {
            for (s in seconds) (s * 1e9).toLong().let { add(0, it, 0, it) }
        },
    )

    @Test
    fun `windows are of ten seconds, or of three frames when these are slow`() {
        val quick = windows(*DoubleArray(400) { if (it < 200) 0.05 else 0.1 })
        assertEquals(10.0, quick.windowSeconds, 0.0)
        assertEquals(listOf(50.0, 100.0, 100.0), quick.medians)
        assertEquals(1.0, quick.drift, 1e-9)
        val slow = windows(*DoubleArray(12) { 5.0 })
        assertEquals(15.0, slow.windowSeconds, 0.0)
        assertEquals(listOf(5000.0, 5000.0, 5000.0, 5000.0), slow.medians)
        assertEquals(0.0, slow.drift, 0.0)
    }

    @Test
    fun `a short run is one window, and one frame that hangs fills its own`() {
        assertEquals(listOf(500.0), windows(0.5, 0.5).medians)
        val hung = windows(*DoubleArray(20) { 0.5 }, 35.0, 0.5)
        assertEquals(4, hung.medians.size)
        assertEquals(35000.0, hung.medians[2], 0.0)
    }

    @Test
    fun `frames beyond the first allocation are kept`() {
        val many = FrameTimes().apply { for (i in 0L until 10_000L) add(i, 2 * i, 3 * i, 6 * i) }
        assertEquals(10_000, many.frames)
        assertEquals(2 * 9_999L, many.nanos(9_999, FrameTimes.INFERENCE))
        assertEquals(6 * (9_999L * 10_000L / 2), many.totalNanos)
    }
}
