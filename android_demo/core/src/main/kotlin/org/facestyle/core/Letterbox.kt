package org.facestyle.core

import kotlin.math.max
import kotlin.math.min
import kotlin.math.roundToInt

/**
 * A picture of any shape within one of fixed shape: scaled so that all of it fits, in the middle,
 * mirrored beyond its edges to fill the rest, as `facestyle stylize` pads.
 *
 * @param photoWidth of the picture, in pixels.
 * @param photoHeight of the picture, in pixels.
 * @param outerWidth of what it is put into.
 * @param outerHeight of what it is put into.
 */
class Letterbox(
    photoWidth: Int,
    photoHeight: Int,
    private val outerWidth: Int,
    private val outerHeight: Int,
) {
    private val scale =
        min(outerWidth.toDouble() / photoWidth, outerHeight.toDouble() / photoHeight)

    /** Of the scaled picture, in pixels; at least 1. */
    val width: Int = max(1, (photoWidth * scale).roundToInt())

    /** Of the scaled picture, in pixels; at least 1. */
    val height: Int = max(1, (photoHeight * scale).roundToInt())

    private val left = (outerWidth - width) / 2
    private val top = (outerHeight - height) / 2

    /** Puts a scaled picture, ARGB row by row, into a new one of the outer shape. */
    fun pad(inner: IntArray): IntArray {
        require(inner.size >= width * height) {
            "${inner.size} pixels where ${width * height} are wanted"
        }
        return IntArray(outerWidth * outerHeight) {
            val x = mirrored(it % outerWidth - left, width)
            val y = mirrored(it / outerWidth - top, height)
            inner[y * width + x]
        }
    }

    /** Takes the scaled picture out again. */
    fun crop(outer: IntArray): IntArray {
        require(outer.size >= outerWidth * outerHeight) {
            "not a picture of $outerWidth x $outerHeight"
        }
        return IntArray(width * height) {
            outer[(top + it / width) * outerWidth + left + it % width]
        }
    }

    private companion object {
        /** Index within 0 until [size], mirrored at both ends without repeating them. */
        fun mirrored(at: Int, size: Int): Int {
            if (size == 1) return 0
            val period = 2 * (size - 1)
            val folded = Math.floorMod(at, period)
            return min(folded, period - folded)
        }
    }
}
