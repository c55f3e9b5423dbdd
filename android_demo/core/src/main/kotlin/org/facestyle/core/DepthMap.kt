package org.facestyle.core

import kotlin.math.max
import kotlin.math.min

/**
 * Depth frames to the `depth` input of a network (paper 2): upright, of one size, 0 for what is
 * near and 1 for what is far.
 *
 * Near is what 5 % of the samples do not reach, far what 95 % do not pass; both follow slowly, so
 * that a hand before the camera does not make the picture flicker. What the camera is not sure of
 * counts as far: that is mostly the sky, and what lies beyond its reach. The middle of the frame
 * is taken, as [YuvToRgb] takes it; nothing is allocated but by the first frame.
 *
 * Not for several threads at once.
 *
 * @param width of the map, in pixels.
 * @param height of the map, in pixels.
 */
class DepthMap(val width: Int, val height: Int) {
    private val histogram = IntArray(DepthFrame.FARTHEST + 1)
    private var near = 0f
    private var far = 0f

    /**
     * Converts one frame.
     *
     * @param frame of any size, of the same view as the picture.
     * @param rotationDegrees 0, 90, 180 or 270, clockwise, that make the frame upright.
     * @param mirror whether left and right are swapped then.
     * @param out of at least [width] * [height], row by row, 0 to 1.
     */
    fun convert(frame: DepthFrame, rotationDegrees: Int, mirror: Boolean, out: FloatArray) {
        follow(frame)
        val turned = rotationDegrees % 180 != 0
        val wide = if (turned) frame.height else frame.width
        val tall = if (turned) frame.width else frame.height
        // Map pixels to samples of the upright frame, whose middle is kept.
        val step = min(wide.toFloat() / width, tall.toFloat() / height)
        val left = (wide - step * width) / 2
        val top = (tall - step * height) / 2
        for (row in 0 until height) {
            val y = top + (row + 0.5f) * step - 0.5f
            for (column in 0 until width) {
                val shown = if (mirror) width - 1 - column else column
                val x = left + (shown + 0.5f) * step - 0.5f
                out[row * width + column] = when (rotationDegrees) {
                    0 -> between(frame, x, y)
                    90 -> between(frame, y, frame.height - 1 - x)
                    180 -> between(frame, frame.width - 1 - x, frame.height - 1 - y)
                    else -> between(frame, frame.width - 1 - y, x)
                }
            }
        }
    }

    /** Moves near and far towards those of a frame. */
    private fun follow(frame: DepthFrame) {
        histogram.fill(0)
        for (y in 0 until frame.height) {
            for (x in 0 until frame.width) histogram[frame.millimetres(x, y)]++
        }
        val known = frame.width * frame.height - histogram[0]
        if (known == 0) return
        val nearNow = reached(known * NEAR_SHARE)
        val farNow = max(reached(known * FAR_SHARE), nearNow + LEAST_RANGE)
        val share = if (far == 0f) 1f else FOLLOWED
        near += share * (nearNow - near)
        far += share * (farNow - far)
    }

    /** The distance within which so many samples lie. */
    private fun reached(samples: Float): Float {
        var seen = 0
        for (distance in 1..DepthFrame.FARTHEST) {
            seen += histogram[distance]
            if (seen > samples) return distance.toFloat()
        }
        return DepthFrame.FARTHEST.toFloat()
    }

    /** Between the four samples around a place in the sensor's orientation. */
    private fun between(frame: DepthFrame, x: Float, y: Float): Float {
        val right = x.coerceIn(0f, frame.width - 1f)
        val down = y.coerceIn(0f, frame.height - 1f)
        val column = min(right.toInt(), max(0, frame.width - 2))
        val row = min(down.toInt(), max(0, frame.height - 2))
        val above = along(frame, column, row, right - column)
        val below = along(frame, column, min(row + 1, frame.height - 1), right - column)
        return above + (below - above) * (down - row)
    }

    private fun along(frame: DepthFrame, column: Int, row: Int, share: Float): Float {
        val first = scaled(frame.millimetres(column, row))
        val second = scaled(frame.millimetres(min(column + 1, frame.width - 1), row))
        return first + (second - first) * share
    }

    private fun scaled(millimetres: Int): Float =
        if (millimetres == 0) 1f else ((millimetres - near) / (far - near)).coerceIn(0f, 1f)

    private companion object {
        const val NEAR_SHARE = 0.05f
        const val FAR_SHARE = 0.95f

        /** Of a frame's near and far in those that are used. */
        const val FOLLOWED = 0.1f

        /** In millimetres: less is noise of the sensor, or a flat wall. */
        const val LEAST_RANGE = 300f
    }
}

/**
 * A map for a larger network, bilinear.
 *
 * @param map row by row, as [DepthMap.convert] makes it.
 * @param width of the map, in pixels.
 * @param height of the map, in pixels.
 * @param toWidth of the result, in pixels.
 * @param toHeight of the result, in pixels.
 */
fun enlarged(map: FloatArray, width: Int, height: Int, toWidth: Int, toHeight: Int): FloatArray {
    require(map.size >= width * height) { "${map.size} values where ${width * height} are wanted" }
    return FloatArray(toWidth * toHeight) {
        // Pixels are areas: their middles are at halves in both maps.
        val x = ((it % toWidth + 0.5f) * width / toWidth - 0.5f).coerceIn(0f, width - 1f)
        val y = ((it / toWidth + 0.5f) * height / toHeight - 0.5f).coerceIn(0f, height - 1f)
        val (left, top) = x.toInt() to y.toInt()
        val (right, below) = min(left + 1, width - 1) to min(top + 1, height - 1)
        fun along(row: Int): Float {
            val first = map[row * width + left]
            return first + (map[row * width + right] - first) * (x - left)
        }
        along(top) + (along(below) - along(top)) * (y - top)
    }
}
