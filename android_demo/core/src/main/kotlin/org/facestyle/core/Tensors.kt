package org.facestyle.core

import java.nio.ByteBuffer
import java.nio.FloatBuffer

/** A network's output holds a number that is none: the runtime or its driver is at fault. */
class NotFinite(message: String) : RuntimeException(message)

/**
 * A picture as a network's float input.
 *
 * @param argb row by row; alpha is ignored.
 * @param out 3 * `argb.size` values from index 0 on: R G B of each pixel in 0..1. Its position
 *   stays.
 */
fun argbToFloats(argb: IntArray, out: FloatBuffer) {
    var to = 0
    for (pixel in argb) {
        out.put(to, UNIT[red(pixel)])
        out.put(to + 1, UNIT[green(pixel)])
        out.put(to + 2, UNIT[blue(pixel)])
        to += 3
    }
}

/**
 * A network's float output as a picture: clamped to 0..1, in steps of 1/255, halves to even.
 *
 * @param values 3 * `out.size` from index 0 on: R G B of each pixel. Its position stays.
 * @param out opaque ARGB, row by row.
 * @throws NotFinite when a value is infinite or not a number.
 */
fun floatsToArgb(values: FloatBuffer, out: IntArray) {
    var from = 0
    for (i in out.indices) {
        val red = values.get(from)
        val green = values.get(from + 1)
        val blue = values.get(from + 2)
        // Less itself, anything that is not finite gives NaN, and so does a sum with NaN.
        val zero = (red - red) + (green - green) + (blue - blue)
        if (zero != 0f) throw NotFinite("pixel $i of the network's output is not finite")
        out[i] = argb(red, green, blue)
        from += 3
    }
}

/**
 * A picture as an int8 network's input: `q = round(value / scale) + zeroPoint` in -128..127.
 *
 * @param argb row by row; alpha is ignored.
 * @param scale of the input, as the manifest says.
 * @param zeroPoint of the input, as the manifest says.
 * @param out 3 * `argb.size` bytes from index 0 on: R G B of each pixel. Its position stays.
 */
fun argbToBytes(argb: IntArray, scale: Float, zeroPoint: Int, out: ByteBuffer) {
    val table = ByteArray(256) { quantize(UNIT[it], scale, zeroPoint) }
    var to = 0
    for (pixel in argb) {
        out.put(to, table[red(pixel)])
        out.put(to + 1, table[green(pixel)])
        out.put(to + 2, table[blue(pixel)])
        to += 3
    }
}

/**
 * An int8 network's output as a picture: `value = (q - zeroPoint) * scale`, then as
 * [floatsToArgb].
 *
 * @param bytes 3 * `out.size` from index 0 on: R G B of each pixel. Its position stays.
 * @param scale of the output, as the manifest says.
 * @param zeroPoint of the output, as the manifest says.
 * @param out opaque ARGB, row by row.
 */
fun bytesToArgb(bytes: ByteBuffer, scale: Float, zeroPoint: Int, out: IntArray) {
    val table = IntArray(256) { eightBit((it.toByte() - zeroPoint) * scale) }
    var from = 0
    for (i in out.indices) {
        val red = table[bytes.get(from).toInt() and 0xFF]
        val green = table[bytes.get(from + 1).toInt() and 0xFF]
        val blue = table[bytes.get(from + 2).toInt() and 0xFF]
        out[i] = OPAQUE or (red shl 16) or (green shl 8) or blue
        from += 3
    }
}

/**
 * Any float as an int8 network's input takes it, such as those of a style code.
 *
 * @param value clamped to what int8 can say.
 * @param scale of the input, as the manifest says.
 * @param zeroPoint of the input, as the manifest says.
 */
fun quantize(value: Float, scale: Float, zeroPoint: Int): Byte =
    Math.rint((value / scale + zeroPoint).toDouble()).coerceIn(-128.0, 127.0).toInt().toByte()

/** The 256 values of a channel in 0..1. */
internal val UNIT = FloatArray(256) { it / 255f }
