package org.facestyle.core

import org.junit.Assert.assertEquals
import org.junit.Assert.assertThrows
import org.junit.Assert.assertTrue
import org.junit.Test
import kotlin.math.ceil
import kotlin.math.floor
import kotlin.random.Random

class LatencyTest {
    private fun naive(values: List<Long>, p: Double): Double {
        val sorted = values.sorted()
        val at = p / 100 * (sorted.size - 1)
        val share = at - floor(at)
        return ((1 - share) * sorted[floor(at).toInt()] + share * sorted[ceil(at).toInt()]) / 1e6
    }

    @Test
    fun `percentiles are those of the last frames`() {
        val random = Random(10)
        repeat(100) {
            val capacity = random.nextInt(1, 30)
            val latency = Latency(capacity)
            val all = List(random.nextInt(1, 90)) { random.nextLong(1, 100_000_000) }
            all.forEach(latency::add)
            val last = all.takeLast(capacity)
            for (p in listOf(0.0, 50.0, 90.0, 99.0, 100.0, random.nextDouble(100.0))) {
                assertEquals(naive(last, p), latency.percentile(p), 1e-9)
            }
            assertEquals(1e9 / last.average(), latency.framesPerSecond, 1e-6)
        }
    }

    @Test
    fun `the median of two lies between them`() {
        val latency = Latency()
        latency.add(10_000_000)
        latency.add(30_000_000)
        assertEquals(20.0, latency.percentile(50.0), 1e-12)
        assertEquals(12.0, latency.percentile(10.0), 1e-12)
        assertEquals(50.0, latency.framesPerSecond, 1e-12)
    }

    @Test
    fun `without frames there is no percentile`() {
        assertTrue(Latency().percentile(50.0).isNaN())
        assertEquals(0.0, Latency().framesPerSecond, 0.0)
    }

    @Test
    fun `nonsense is refused`() {
        for (p in listOf(-1.0, 101.0, Double.NaN)) {
            assertThrows(IllegalArgumentException::class.java) { Latency().percentile(p) }
        }
        assertThrows(IllegalArgumentException::class.java) { Latency(0) }
    }
}
