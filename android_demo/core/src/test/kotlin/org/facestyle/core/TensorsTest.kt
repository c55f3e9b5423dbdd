package org.facestyle.core

import org.json.JSONObject
import org.junit.Assert.assertArrayEquals
import org.junit.Assert.assertEquals
import org.junit.Assert.assertThrows
import org.junit.Assert.assertTrue
import org.junit.Test
import java.nio.ByteBuffer
import java.nio.FloatBuffer
import kotlin.math.abs
import kotlin.math.floor
import kotlin.random.Random

class TensorsTest {
    private val made = Vectors.read("tensors")
    private val ranges = made.getJSONArray("ranges").objects()
    private val greys = IntArray(256) { OPAQUE or (it * 0x010101) }

    private val JSONObject.range
        get() = ImageRange(getDouble("low").toFloat(), getDouble("high").toFloat())

    @Test
    fun `floats become the pixels that Python makes of them`() {
        val out = IntArray(made.picture("rgb").size)
        floatsToArgb(FloatBuffer.wrap(made.floats("floats")), ImageRange.UNIT, out)
        assertArrayEquals(made.picture("rgb"), out)
    }

    @Test
    fun `int8 is what Python makes of all 256 values, both ways`() {
        for (case in made.getJSONArray("int8").objects()) {
            val scale = case.getDouble("scale").toFloat()
            val zeroPoint = case.getInt("zero_point")
            val wanted = case.bytes("from_8_bits")
            val bytes = ByteBuffer.allocateDirect(3 * 256)
            argbToBytes(greys, ImageRange.UNIT, scale, zeroPoint, bytes)
            assertArrayEquals(ByteArray(3 * 256) { wanted[it / 3] }, ByteArray(3 * 256, bytes::get))

            val out = IntArray(256)
            for (i in 0 until 3 * 256) bytes.put(i, (i / 3 - 128).toByte())
            bytesToArgb(bytes, ImageRange.UNIT, scale, zeroPoint, out)
            assertArrayEquals(case.bytes("to_8_bits"), ByteArray(256) { green(out[it]).toByte() })
        }
    }

    @Test
    fun `a picture goes through floats and back unchanged`() {
        val picture = noise(500, Random(2)) + IntArray(256) { OPAQUE or (it shl 8) }
        val floats = FloatBuffer.allocate(3 * picture.size)
        argbToFloats(picture, ImageRange.UNIT, floats)
        assertEquals(red(picture[0]) / 255f, floats.get(0), 0f)
        assertEquals(blue(picture[1]) / 255f, floats.get(5), 0f)
        assertEquals(0, floats.position())
        for (range in ranges.map { it.range } + ImageRange(1e-3f, 2e-3f)) {
            argbToFloats(picture, range, floats)
            val back = IntArray(picture.size)
            floatsToArgb(floats, range, back)
            assertArrayEquals("$range", picture, back)
        }
    }

    @Test
    fun `pixels become the values that Python makes of them, in any range`() {
        assertTrue(ImageRange(-1f, 1f) in ranges.map { it.range })
        for (case in ranges) {
            val values = FloatBuffer.allocate(3 * 256)
            argbToFloats(greys, case.range, values)
            val wanted = case.floats("from_8_bits")
            assertArrayEquals(FloatArray(3 * 256) { wanted[it / 3] }, values.array(), 0f)
        }
    }

    @Test
    fun `values become the pixels that Python makes of them, in any range`() {
        for (case in ranges) {
            val values = case.floats("floats")
            val out = IntArray(values.size / 3)
            floatsToArgb(FloatBuffer.wrap(values), case.range, out)
            val (low, high) = case.range
            val wanted = case.bytes("to_8_bits")
            channels(out).forEachIndexed { i, ours ->
                val theirs = wanted[i].toInt() and 0xFF
                // Python divides by the range, we multiply: what lies half way between two steps
                // may come out as the other one, of a range where that is not the same.
                val exact = 255 * (values[i].toDouble() - low) / (high - low)
                val halfWay = high == 2.6f && abs(abs(exact - floor(exact)) - 0.5) < 1e-4
                val tolerated = if (halfWay) 1.0 else 0.0
                val at = "${values[i]} in ${case.range}"
                assertEquals(at, theirs.toDouble(), ours.toDouble(), tolerated)
            }
        }
    }

    @Test
    fun `int8 of another range is that of its values`() {
        val range = ImageRange(-1f, 1f)
        val (scale, zeroPoint) = Pair(1 / 127f, 0)
        val bytes = ByteBuffer.allocateDirect(3 * 256)
        argbToBytes(greys, range, scale, zeroPoint, bytes)
        for (pixel in 0..255) {
            assertEquals((pixel / 127.5 - 1) * 127, bytes.get(3 * pixel).toDouble(), 0.5)
        }
        val out = IntArray(256)
        bytesToArgb(bytes, range, scale, zeroPoint, out)
        assertTrue(difference(greys, out) <= 1)
        assertEquals(listOf(0, 255), listOf(green(out.first()), green(out.last())))
    }

    @Test
    fun `rounding is rint's`() {
        val random = Random(3)
        repeat(100_000) {
            val value = random.nextFloat()
            val wanted = Math.rint((value * 255f).toDouble()).toInt()
            assertEquals(wanted, ImageRange.UNIT.eightBit(value))
        }
    }

    @Test
    fun `what is not finite is an error that says where`() {
        for (bad in listOf(Float.NaN, Float.POSITIVE_INFINITY, Float.NEGATIVE_INFINITY)) {
            for (channel in 0..2) {
                val values = FloatBuffer.allocate(9).put(3 + channel, bad)
                val error = assertThrows(NotFinite::class.java) {
                    floatsToArgb(values, ImageRange(-1f, 1f), IntArray(3))
                }
                assertEquals("pixel 1 of the network's output is not finite", error.message)
            }
        }
    }

    @Test
    fun `quantize clamps`() {
        assertEquals(127, quantize(9f, 0.004f, 0).toInt())
        assertEquals(-128, quantize(-9f, 0.004f, 0).toInt())
        assertEquals(5, quantize(0f, 0.004f, 5).toInt())
    }
}
