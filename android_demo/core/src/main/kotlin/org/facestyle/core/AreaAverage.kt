package org.facestyle.core

import kotlin.math.ceil
import kotlin.math.floor
import kotlin.math.max
import kotlin.math.min

/** Bits of the weights of [AreaAverage]: two axes and 8-bit samples fill a positive Int. */
internal const val WEIGHT_BITS = 11

/**
 * How a stretch of samples is scaled to fewer or more of them along one axis: each target is the
 * mean of the stretch of the source that it covers, samples at its ends counting in part.
 *
 * Target `t` is the sum of samples `first[t] until end[t]`, weighted with [weights] from
 * `offset[t]` on; the weights of each target sum up to `1 shl WEIGHT_BITS`.
 *
 * @param samples of the source.
 * @param from where the stretch begins, in samples, 0 being the first one's left edge.
 * @param length of the stretch, in samples.
 * @param targets how many to make of it.
 */
internal class AreaAverage(samples: Int, from: Double, length: Double, targets: Int) {
    val first = IntArray(targets)
    val end = IntArray(targets)
    val offset = IntArray(targets)
    val weights: IntArray

    init {
        val found = ArrayList<Int>()
        for (target in 0 until targets) {
            val left = edge(from + length * target / targets)
            val right = edge(from + length * (target + 1) / targets)
            first[target] = min(floor(left).toInt(), samples - 1)
            end[target] = max(first[target] + 1, min(ceil(right).toInt(), samples))
            offset[target] = found.size
            // Differences of a rounded running sum: whatever the rounding, the sum is exact.
            var before = 0
            for (sample in first[target] until end[target]) {
                val last = sample == end[target] - 1
                val covered = if (last) 1.0 else (sample + 1 - left) / (right - left)
                val until = Math.rint(covered * (1 shl WEIGHT_BITS)).toInt()
                found.add(until - before)
                before = until
            }
        }
        weights = found.toIntArray()
    }

    /** Edges that only a rounding keeps off a sample's edge are moved there. */
    private fun edge(at: Double): Double = Math.rint(at * EDGE_STEPS) / EDGE_STEPS

    private companion object {
        const val EDGE_STEPS = 65536.0
    }
}
