package org.facestyle.core

import java.nio.ByteBuffer
import java.nio.FloatBuffer

/** A network's output holds a number that is none: the runtime or its driver is at fault. */
class NotFinite(message: String) : RuntimeException(message)

/**
 * A picture as a network's float input.
 *
 * @param argb row by row; alpha is ignored.
 * @param range of the input, as the manifest says.
 * @param out 3 * `argb.size` values from index 0 on: R G B of each pixel. Its position stays.
 */
fun argbToFloats(argb: IntArray, range: ImageRange, out: FloatBuffer) {
    val values = range.values
    var to = 0
    for (pixel in argb) {
        out.put(to, values[red(pixel)])
        out.put(to + 1, values[green(pixel)])
        out.put(to + 2, values[blue(pixel)])
        to += 3
    }
}

/**
 * A network's float output as a picture: clamped to its range, in 8 bits, halves to even.
 *
 * @param values 3 * `out.size` from index 0 on: R G B of each pixel. Its position stays.
 * @param range of the output, as the manifest says.
 * @param out opaque ARGB, row by row.
 * @throws NotFinite when a value is infinite or not a number.
 */
fun floatsToArgb(values: FloatBuffer, range: ImageRange, out: IntArray) {
    var from = 0
    for (i in out.indices) {
        val red = values.get(from)
        val green = values.get(from + 1)
        val blue = values.get(from + 2)
        // Less itself, anything that is not finite gives NaN, and so does a sum with NaN.
        val zero = (red - red) + (green - green) + (blue - blue)
        if (zero != 0f) throw NotFinite("pixel $i of the network's output is not finite")
        out[i] = range.argb(red, green, blue)
        from += 3
    }
}

/**
 * A picture as an int8 network's input: `q = round(value / scale) + zeroPoint` in -128..127.
 *
 * @param argb row by row; alpha is ignored.
 * @param range of the input, as the manifest says.
 * @param scale of the input, as the manifest says.
 * @param zeroPoint of the input, as the manifest says.
 * @param out 3 * `argb.size` bytes from index 0 on: R G B of each pixel. Its position stays.
 */
fun argbToBytes(
    argb: IntArray,
    range: ImageRange,
    scale: Float,
    zeroPoint: Int,
    out: ByteBuffer,
) {
    val table = ByteArray(256) { quantize(range.values[it], scale, zeroPoint) }
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
 * @param range of the output, as the manifest says.
 * @param scale of the output, as the manifest says.
 * @param zeroPoint of the output, as the manifest says.
 * @param out opaque ARGB, row by row.
 */
fun bytesToArgb(
    bytes: ByteBuffer,
    range: ImageRange,
    scale: Float,
    zeroPoint: Int,
    out: IntArray,
) {
    val table = IntArray(256) { range.eightBit((it.toByte() - zeroPoint) * scale) }
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
