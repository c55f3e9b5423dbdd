package org.facestyle.demo

import java.nio.ByteBuffer
import java.nio.ByteOrder
import java.nio.FloatBuffer

/** So many floats as the runtime reads them in place: direct, in native order. */
fun directFloats(count: Int): FloatBuffer =
    ByteBuffer.allocateDirect(
        count * Float.SIZE_BYTES,
    ).order(ByteOrder.nativeOrder()).asFloatBuffer()
