package org.facestyle.demo

import org.facestyle.core.ImageRange
import org.facestyle.core.Port
import org.facestyle.core.argbToBytes
import org.facestyle.core.argbToFloats
import org.facestyle.core.bytesToArgb
import org.facestyle.core.floatsToArgb
import org.facestyle.core.quantize
import java.nio.Buffer
import java.nio.ByteBuffer
import java.nio.ByteOrder

/** Memory for an input or output of a model, floats or int8, that the runtime uses in place. */
class TensorBuffer(val port: Port) {
    private val quantization = port.quantization

    // A file by itself does not tell; how long it takes is the same for any.
    private val range = port.range ?: ImageRange.UNIT
    private val floats = if (quantization == null) directFloats(port.size) else null

    /** What [Engine.bind] takes. */
    val buffer: Buffer =
        floats ?: ByteBuffer.allocateDirect(port.size).order(ByteOrder.nativeOrder())

    /** Fills it with values that depend on their index. */
    fun fill(value: (Int) -> Float) {
        for (i in 0 until port.size) {
            if (quantization == null) {
                floats!!.put(i, value(i))
            } else {
                bytes.put(i, quantize(value(i), quantization.scale, quantization.zeroPoint))
            }
        }
    }

    /** Fills it with a picture, ARGB row by row. */
    fun write(argb: IntArray) =
        if (quantization == null) {
            argbToFloats(argb, range, floats!!)
        } else {
            argbToBytes(argb, range, quantization.scale, quantization.zeroPoint, bytes)
        }

    /** What it holds, as a picture. */
    fun read(argb: IntArray) =
        if (quantization == null) {
            floatsToArgb(floats!!, range, argb)
        } else {
            bytesToArgb(bytes, range, quantization.scale, quantization.zeroPoint, argb)
        }

    private val bytes get() = buffer as ByteBuffer
}
