package org.facestyle.core

import org.json.JSONArray
import org.json.JSONObject
import java.io.File
import java.nio.ByteBuffer
import java.nio.ByteOrder
import java.util.Base64
import kotlin.math.abs
import kotlin.math.max

/** What `tests/android_demo/test_vectors.py` made, and how to compare with it. */
internal object Vectors {
    private val folder = File(System.getProperty("facestyle.vectors", "../../tests/vectors"))

    /** The styles that the Python package ships. */
    val styles = File(folder, "../../facestyle/weights/styles.json")

    fun text(name: String): String = File(folder, "$name.json").readText()

    fun read(name: String) = JSONObject(text(name))
}

internal fun JSONArray.objects(): List<JSONObject> = List(length(), ::getJSONObject)

internal fun JSONObject.bytes(key: String): ByteArray = Base64.getDecoder().decode(getString(key))

internal fun JSONObject.floats(key: String): FloatArray {
    val buffer = ByteBuffer.wrap(bytes(key)).order(ByteOrder.LITTLE_ENDIAN).asFloatBuffer()
    return FloatArray(buffer.remaining(), buffer::get)
}

/** Opaque pixels of R G B bytes. */
internal fun JSONObject.picture(key: String): IntArray {
    val rgb = bytes(key)
    fun at(i: Int) = rgb[i].toInt() and 0xFF
    return IntArray(rgb.size / 3) {
        OPAQUE or (at(3 * it) shl 16) or (at(3 * it + 1) shl 8) or at(3 * it + 2)
    }
}

internal fun channels(argb: IntArray): List<Int> =
    argb.flatMap { listOf(red(it), green(it), blue(it)) }

/** The greatest difference in any channel, in steps of 1/255. */
internal fun difference(a: IntArray, b: IntArray): Int {
    require(a.size == b.size)
    return channels(a).zip(channels(b)).maxOf { (x, y) -> abs(x - y) }
}

/** How many channels differ at all. */
internal fun differing(a: IntArray, b: IntArray): Int =
    channels(a).zip(channels(b)).count { (x, y) -> x != y }

internal fun noise(size: Int, random: kotlin.random.Random): IntArray =
    IntArray(size) { OPAQUE or random.nextInt(0x1000000) }

/** A photo with soft shades and hard edges. */
internal fun scene(width: Int, height: Int): IntArray = IntArray(width * height) {
    val x = it % width / width.toFloat()
    val y = it / width / height.toFloat()
    val inside = if (max(abs(x - 0.4f), abs(y - 0.6f)) < 0.2f) 0.5f else 0f
    ImageRange.UNIT.argb(0.2f + 0.5f * x, 0.7f - 0.4f * y + 0.3f * inside, 0.1f + inside)
}
