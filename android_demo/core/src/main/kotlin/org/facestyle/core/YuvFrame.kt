package org.facestyle.core

import java.nio.ByteBuffer

/**
 * A camera picture in Android's `YUV_420_888`: luma at full size, both chromas at half of it
 * (rounded up). BT.601, full range (JFIF), as Android's cameras give it.
 *
 * Everything can be set anew for the next picture, so that no frame allocates.
 */
class YuvFrame(
    /** In pixels, as the sensor has it, before any rotation. */
    var width: Int,
    /** In pixels, as the sensor has it, before any rotation. */
    var height: Int,
    /** Luma, [width] x [height]. */
    val y: Plane,
    /** Blue minus luma, 128 for none. */
    val u: Plane,
    /** Red minus luma, 128 for none. */
    val v: Plane,
) {
    /** One channel of a picture; sample (x, y) is byte `y * rowStride + x * pixelStride`. */
    class Plane(
        /** The bytes, from index 0. Its position is moved by whoever reads. */
        var buffer: ByteBuffer,
        /** Bytes from a row to the next. */
        var rowStride: Int,
        /** Bytes from a sample to the next in its row. */
        var pixelStride: Int,
    )
}
