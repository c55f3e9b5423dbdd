package org.facestyle.core

import kotlin.math.max
import kotlin.math.min

/**
 * Means over square windows around every pixel, cut off at the picture's edges, at the same cost
 * for any radius.
 *
 * @param width of the picture, in pixels.
 * @param height of the picture, in pixels.
 * @param radius windows are `2 * radius + 1` pixels square.
 */
internal class BoxMean(private val width: Int, private val height: Int, private val radius: Int) {
    // Doubles: what left a running sum of floats would not be quite what had entered it.
    private val columns = DoubleArray(width)

    /** The means of [values], which are [width] x [height]. */
    fun of(values: FloatArray): FloatArray {
        val means = FloatArray(width * height)
        columns.fill(0.0)
        for (row in 0 until min(radius, height)) add(values, row, 1)
        for (row in 0 until height) {
            if (row + radius < height) add(values, row + radius, 1)
            if (row - radius > 0) add(values, row - radius - 1, -1)
            val rows = min(row + radius, height - 1) - max(row - radius, 0) + 1
            slide(rows, means, row * width)
        }
        return means
    }

    private fun add(values: FloatArray, row: Int, sign: Int) {
        for (i in 0 until width) columns[i] += sign * values[row * width + i].toDouble()
    }

    private fun slide(rows: Int, means: FloatArray, to: Int) {
        var sum = 0.0
        for (i in 0 until min(radius, width)) sum += columns[i]
        for (i in 0 until width) {
            if (i + radius < width) sum += columns[i + radius]
            if (i - radius > 0) sum -= columns[i - radius - 1]
            val across = min(i + radius, width - 1) - max(i - radius, 0) + 1
            means[to + i] = (sum / (rows * across)).toFloat()
        }
    }
}
