package org.facestyle.core

import kotlin.math.max
import kotlin.math.min

/**
 * How much of a photo to decode: the power of two that both sides are divided by, so that it is
 * still as large as wanted.
 *
 * @param longSide of the stored photo, in pixels.
 * @param wanted longest side of the result.
 */
fun sampleSize(longSide: Int, wanted: Int): Int =
    Integer.highestOneBit(max(1, longSide / max(1, wanted)))

/**
 * The longest side that a photo can have in so much memory. It is decoded by [sampleSize], and
 * there once more while it is turned or scaled to its size.
 *
 * @param width of the stored photo, in pixels.
 * @param height of the stored photo, in pixels.
 * @param bytes that there are; four for each pixel are needed.
 * @param least what it may have in any case, if the photo is that large.
 * @return in pixels, not more than the photo has.
 */
fun longSideWithin(width: Int, height: Int, bytes: Long, least: Int): Int {
    val whole = max(width, height)
    var side = whole
    while (side > least && photoBytes(width, height, side) > bytes) {
        side = max(least, side * STEP / (STEP + 1))
    }
    return min(side, whole)
}

/** What a photo takes at most while it is brought to a longest side. */
internal fun photoBytes(width: Int, height: Int, side: Int): Long {
    val whole = max(width, height)
    val sample = sampleSize(whole, side)
    val decoded = (width / sample).toLong() * (height / sample)
    val share = side.toDouble() / whole
    val result = (width * share * height * share).toLong()
    return BYTES_A_PIXEL * (decoded + result)
}

private const val BYTES_A_PIXEL = 4

/** The size goes down by an eighth at a time. */
private const val STEP = 7
