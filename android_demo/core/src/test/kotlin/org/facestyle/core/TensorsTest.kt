package org.facestyle.core

import org.junit.Assert.assertArrayEquals
import org.junit.Assert.assertEquals
import org.junit.Assert.assertThrows
import org.junit.Test
import java.nio.ByteBuffer
import java.nio.FloatBuffer
import kotlin.random.Random

class TensorsTest {
    private val made = Vectors.read("tensors")

    @Test
    fun `floats become the pixels that Python makes of them`() {
        val out = IntArray(made.picture("rgb").size)
        floatsToArgb(FloatBuffer.wrap(made.floats("floats")), out)
        assertArrayEquals(made.picture("rgb"), out)
    }

    @Test
    fun `int8 is what Python makes of all 256 values, both ways`() {
        val greys = IntArray(256) { OPAQUE or (it * 0x010101) }
        for (case in made.getJSONArray("int8").objects()) {
            val scale = case.getDouble("scale").toFloat()
            val zeroPoint = case.getInt("zero_point")
            val wanted = case.bytes("from_8_bits")
            val bytes = ByteBuffer.allocateDirect(3 * 256)
            argbToBytes(greys, scale, zeroPoint, bytes)
            assertArrayEquals(ByteArray(3 * 256) { wanted[it / 3] }, ByteArray(3 * 256, bytes::get))

            val out = IntArray(256)
            for (i in 0 until 3 * 256) bytes.put(i, (i / 3 - 128).toByte())
            bytesToArgb(bytes, scale, zeroPoint, out)
            assertArrayEquals(case.bytes("to_8_bits"), ByteArray(256) { green(out[it]).toByte() })
        }
    }

    @Test
    fun `a picture goes through floats and back unchanged`() {
        val picture = noise(500, Random(2)) + IntArray(256) { OPAQUE or (it shl 8) }
        val floats = FloatBuffer.allocate(3 * picture.size)
        argbToFloats(picture, floats)
        assertEquals(red(picture[0]) / 255f, floats.get(0), 0f)
        assertEquals(blue(picture[1]) / 255f, floats.get(5), 0f)
        assertEquals(0, floats.position())
        val back = IntArray(picture.size)
        floatsToArgb(floats, back)
        assertArrayEquals(picture, back)
    }

    @Test
    fun `rounding is rint's`() {
        val random = Random(3)
        repeat(100_000) {
            val value = random.nextFloat()
            assertEquals(Math.rint((value * 255f).toDouble()).toInt(), eightBit(value))
        }
    }

    @Test
    fun `what is not finite is an error that says where`() {
        for (bad in listOf(Float.NaN, Float.POSITIVE_INFINITY, Float.NEGATIVE_INFINITY)) {
            for (channel in 0..2) {
                val values = FloatBuffer.allocate(9).put(3 + channel, bad)
                val error = assertThrows(NotFinite::class.java) {
                    floatsToArgb(values, IntArray(3))
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
