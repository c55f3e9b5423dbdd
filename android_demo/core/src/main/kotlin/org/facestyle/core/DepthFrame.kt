package org.facestyle.core

import java.nio.ByteBuffer
import java.nio.ByteOrder

/**
 * How far away things are, as a depth camera sees them: Android's `DEPTH16`.
 *
 * A sample has 16 bits, in the processor's order: the lower 13 are millimetres, the upper 3 how
 * sure the camera is (0 is quite, 1 is not at all, 2 to 7 are one to six sevenths).
 *
 * Everything can be set anew for the next picture, so that no frame allocates.
 */
class DepthFrame(
    /** In samples, as the sensor has it, before any rotation. */
    var width: Int,
    /** In samples, as the sensor has it, before any rotation. */
    var height: Int,
    /** The samples, from index 0, row by row, [ByteOrder.nativeOrder]. */
    var buffer: ByteBuffer,
    /** Bytes from a row to the next. */
    var rowStride: Int,
) {
    /** Distance in millimetres, 0 where it is not known. */
    fun millimetres(x: Int, y: Int): Int {
        val sample = buffer.getShort(y * rowStride + 2 * x).toInt() and 0xFFFF
        return if (sample shr DISTANCE_BITS == UNSURE) 0 else sample and FARTHEST
    }

    internal companion object {
        const val DISTANCE_BITS = 13

        /** The greatest distance that a sample can say, in millimetres. */
        const val FARTHEST = (1 shl DISTANCE_BITS) - 1
        private const val UNSURE = 1
    }
}
