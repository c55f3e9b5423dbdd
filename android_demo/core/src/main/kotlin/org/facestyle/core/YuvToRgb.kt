package org.facestyle.core

import kotlin.math.min

/**
 * Camera frames to upright RGB pictures of one size.
 *
 * The middle of the frame, as large as the picture's aspect ratio allows, is scaled by area
 * averaging in the sensor's own orientation: rows are read in the order of memory, and
 * rotating and mirroring are only a matter of where the small result is read from. All
 * arithmetic is in integers; nothing is allocated but at the first frame of a geometry.
 *
 * Not for several threads at once.
 *
 * @param width of the pictures, in pixels.
 * @param height of the pictures, in pixels.
 */
class YuvToRgb(val width: Int, val height: Int) {
    private var plan: Plan? = null
    private var row = ByteArray(0)
    private val y = IntArray(width * height)
    private val u = IntArray(width * height)
    private val v = IntArray(width * height)

    /**
     * Converts one frame.
     *
     * @param frame of any size; the positions of its buffers are moved.
     * @param rotationDegrees 0, 90, 180 or 270, clockwise, that make the frame upright.
     * @param mirror whether left and right are swapped then, as a front camera's user expects.
     * @param out of at least [width] * [height]: opaque ARGB, row by row.
     * @throws IllegalArgumentException for another rotation.
     */
    fun convert(frame: YuvFrame, rotationDegrees: Int, mirror: Boolean, out: IntArray) {
        require(rotationDegrees in ROTATIONS) { "a frame cannot be rotated by $rotationDegrees" }
        val across = rotationDegrees % 180 == 0
        val plan = planFor(frame, across)
        scale(frame.y, plan.luma, y)
        scale(frame.u, plan.chroma, u)
        scale(frame.v, plan.chroma, v)
        write(plan.luma.width, plan.luma.height, rotationDegrees, mirror, out)
    }

    private fun planFor(frame: YuvFrame, across: Boolean): Plan {
        val known = plan
        if (known != null && known.fits(frame, across)) return known
        val made = if (across) {
            Plan(frame.width, frame.height, true, width, height)
        } else {
            Plan(frame.width, frame.height, false, height, width)
        }
        plan = made
        return made
    }

    /** The plane's part of the crop in [out], in 1 / `1 shl FRACTION_BITS`. */
    private fun scale(plane: YuvFrame.Plane, axes: Axes, out: IntArray) {
        val line = axes.line
        var lineOf = -1
        for (target in 0 until axes.height) {
            val start = target * axes.width
            out.fill(HALF_A_STEP, start, start + axes.width)
            val first = axes.down.first[target]
            for (sample in first until axes.down.end[target]) {
                // Neighbouring targets share the row between them: it is summed up once.
                if (sample != lineOf) sum(plane, axes, sample)
                lineOf = sample
                val weight = axes.down.weights[axes.down.offset[target] + sample - first]
                for (x in 0 until axes.width) out[start + x] += weight * line[x]
            }
            for (x in start until start + axes.width) out[x] = out[x] shr SCALED_BITS
        }
    }

    /** Row [sample] of the plane in the line of [axes], in 1 / `1 shl WEIGHT_BITS`. */
    private fun sum(plane: YuvFrame.Plane, axes: Axes, sample: Int) {
        val stride = plane.pixelStride
        val begin = axes.right.first[0]
        // Not up to the row's end: the last row of a camera's plane has no padding behind it.
        val bytes = (axes.right.end[axes.width - 1] - 1 - begin) * stride + 1
        if (row.size < bytes) row = ByteArray(bytes)
        plane.buffer.moveTo(sample * plane.rowStride + begin * stride)
        plane.buffer.get(row, 0, bytes)
        val weights = axes.right.weights
        for (target in 0 until axes.width) {
            var weight = axes.right.offset[target]
            var sum = 0
            for (x in axes.right.first[target] until axes.right.end[target]) {
                sum += weights[weight++] * (row[(x - begin) * stride].toInt() and 0xFF)
            }
            axes.line[target] = sum
        }
    }

    /** Colours from the scaled planes, which are [wide] x [tall], turned and mirrored. */
    private fun write(wide: Int, tall: Int, rotation: Int, mirror: Boolean, out: IntArray) {
        // Where the picture's first pixel is in the planes, and one step right and down from it.
        var origin = when (rotation) {
            0 -> 0
            90 -> (tall - 1) * wide
            180 -> wide * tall - 1
            else -> wide - 1
        }
        var right = when (rotation) {
            0 -> 1
            90 -> -wide
            180 -> -1
            else -> wide
        }
        val down = when (rotation) {
            0 -> wide
            90 -> 1
            180 -> -wide
            else -> -1
        }
        if (mirror) {
            origin += (width - 1) * right
            right = -right
        }
        var to = 0
        for (line in 0 until height) {
            var from = origin + line * down
            for (column in 0 until width) {
                out[to++] = argb(y[from], u[from] - GREY, v[from] - GREY)
                from += right
            }
        }
    }

    /** BT.601 full range; luma and chromas about 0, all in 1 / `1 shl FRACTION_BITS`. */
    private fun argb(y: Int, u: Int, v: Int): Int {
        val luma = (y shl MATRIX_BITS) + HALF_A_COLOUR
        val red = channel(luma + RED_V * v)
        val green = channel(luma - GREEN_U * u - GREEN_V * v)
        val blue = channel(luma + BLUE_U * u)
        return OPAQUE or (red shl 16) or (green shl 8) or blue
    }

    private fun channel(value: Int): Int =
        (value shr (MATRIX_BITS + FRACTION_BITS)).coerceIn(0, MAXIMUM)

    /** One plane's crop along both axes, and room for a row scaled along one. */
    private class Axes(
        val right: AreaAverage,
        val down: AreaAverage,
        val width: Int,
        val height: Int,
    ) {
        val line = IntArray(width)
    }

    /** Where the samples of a frame of one size go, in the sensor's orientation. */
    private class Plan(
        private val frameWidth: Int,
        private val frameHeight: Int,
        private val across: Boolean,
        width: Int,
        height: Int,
    ) {
        val luma: Axes
        val chroma: Axes

        init {
            val cropWidth = min(frameWidth.toDouble(), frameHeight.toDouble() * width / height)
            val cropHeight = min(frameHeight.toDouble(), frameWidth.toDouble() * height / width)
            fun axes(step: Int) = Axes(
                average(frameWidth, cropWidth, step, width),
                average(frameHeight, cropHeight, step, height),
                width,
                height,
            )
            luma = axes(1)
            chroma = axes(2)
        }

        fun fits(frame: YuvFrame, across: Boolean): Boolean =
            frame.width == frameWidth && frame.height == frameHeight && across == this.across

        /** Of the middle [crop] of [side] pixels, where there is one sample every [step]. */
        private fun average(side: Int, crop: Double, step: Int, targets: Int) =
            AreaAverage((side + step - 1) / step, (side - crop) / 2 / step, crop / step, targets)
    }

    private companion object {
        val ROTATIONS = intArrayOf(0, 90, 180, 270)

        /** Kept of the scaled planes beyond 8 bits, so that colours are rounded only once. */
        const val FRACTION_BITS = 4
        const val SCALED_BITS = 2 * WEIGHT_BITS - FRACTION_BITS
        const val HALF_A_STEP = 1 shl (SCALED_BITS - 1)
        const val GREY = 128 shl FRACTION_BITS

        const val MATRIX_BITS = 16
        const val HALF_A_COLOUR = 1 shl (MATRIX_BITS + FRACTION_BITS - 1)

        // Times 1 shl MATRIX_BITS: 1.402, 0.344136, 0.714136 and 1.772.
        const val RED_V = 91881
        const val GREEN_U = 22553
        const val GREEN_V = 46802
        const val BLUE_U = 116130
    }
}
