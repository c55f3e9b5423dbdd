package org.facestyle.core

import kotlin.math.min

/**
 * How long the last frames took. For any number of threads; [add] allocates nothing.
 *
 * @param capacity how many frames are remembered.
 */
class Latency(capacity: Int = 120) {
    private val nanos = LongArray(capacity)
    private val sorted = LongArray(capacity)
    private var added = 0L
    private var sum = 0L

    init {
        require(capacity > 0) { "at least one frame must be remembered" }
    }

    /** A frame that took so many nanoseconds. */
    @Synchronized
    fun add(nanos: Long) {
        val slot = (added % this.nanos.size).toInt()
        // What a slot held before is 0 until the ring is full.
        sum += nanos - this.nanos[slot]
        this.nanos[slot] = nanos
        added++
    }

    /**
     * What so many of the remembered frames kept to, linear between two of them, as in numpy.
     *
     * @param p percent, 0 to 100; 50 is the median.
     * @return milliseconds; NaN before the first frame.
     */
    @Synchronized
    fun percentile(p: Double): Double {
        nanos.copyInto(sorted, endIndex = frames)
        sorted.sort(0, frames)
        return percentile(sorted, frames, p) / NANOS_A_MILLISECOND
    }

    /** Such frames in a second, one after the other; 0 before the first frame. */
    val framesPerSecond: Double
        @Synchronized get() = if (sum == 0L) 0.0 else frames * NANOS_A_SECOND / sum

    private val frames get() = min(added, nanos.size.toLong()).toInt()
}

internal const val NANOS_A_MILLISECOND = 1e6
internal const val NANOS_A_SECOND = 1e9

/**
 * Of the first [count] of [sorted], linear between neighbours; NaN of none.
 *
 * @param p percent, 0 to 100.
 */
internal fun percentile(sorted: LongArray, count: Int, p: Double): Double {
    require(p in 0.0..100.0) { "a percentile lies between 0 and 100, not at $p" }
    if (count == 0) return Double.NaN
    val at = p / 100 * (count - 1)
    val below = at.toInt()
    val above = min(below + 1, count - 1)
    return sorted[below] + (sorted[above] - sorted[below]) * (at - below)
}
