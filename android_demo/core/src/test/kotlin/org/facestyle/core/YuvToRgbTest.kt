package org.facestyle.core

import org.junit.Assert.assertArrayEquals
import org.junit.Assert.assertEquals
import org.junit.Assert.assertThrows
import org.junit.Assert.assertTrue
import org.junit.Test
import java.nio.ByteBuffer
import kotlin.math.sqrt
import kotlin.random.Random

class YuvToRgbTest {
    private val random = Random(1)

    /** As cameras lay it out: padded rows, but none behind the last sample. */
    private fun plane(width: Int, height: Int, step: Int, at: (Int) -> Byte): YuvFrame.Plane {
        val rowStride = width * step + 7
        val size = (height - 1) * rowStride + (width - 1) * step + 1
        val buffer = ByteBuffer.allocateDirect(size)
        for (i in 0 until width * height) {
            buffer.put(i / width * rowStride + i % width * step, at(i))
        }
        return YuvFrame.Plane(buffer, rowStride, step)
    }

    private fun frame(
        width: Int,
        height: Int,
        y: (Int) -> Byte,
        u: (Int) -> Byte,
        v: (Int) -> Byte,
    ): YuvFrame {
        val w = (width + 1) / 2
        val h = (height + 1) / 2
        val luma = plane(width, height, 1, y)
        return YuvFrame(width, height, luma, plane(w, h, 2, u), plane(w, h, 2, v))
    }

    private fun noisy(width: Int, height: Int): YuvFrame {
        val byte = { _: Int -> random.nextInt(256).toByte() }
        return frame(width, height, byte, byte, byte)
    }

    private fun flat(width: Int, height: Int, y: Int, u: Int, v: Int) =
        frame(width, height, { y.toByte() }, { u.toByte() }, { v.toByte() })

    private fun converted(
        frame: YuvFrame,
        width: Int,
        height: Int,
        rotation: Int,
        mirror: Boolean,
    ): IntArray {
        val out = IntArray(width * height)
        YuvToRgb(width, height).convert(frame, rotation, mirror, out)
        return out
    }

    /** [picture] of width [width], turned clockwise by a quarter. */
    private fun turned(picture: IntArray, width: Int): IntArray {
        val height = picture.size / width
        return IntArray(picture.size) { picture[(height - 1 - it % height) * width + it / height] }
    }

    private fun mirrored(picture: IntArray, width: Int) =
        IntArray(picture.size) { picture[it / width * width + width - 1 - it % width] }

    @Test
    fun `agrees with the exact reference to one step`() {
        val made = Vectors.read("yuv")
        val (y, u, v) = listOf("y", "u", "v").map { made.bytes(it) }
        val frame = frame(made.getInt("width"), made.getInt("height"), y::get, u::get, v::get)
        for (case in made.getJSONArray("cases").objects()) {
            val out = converted(
                frame,
                case.getInt("width"),
                case.getInt("height"),
                case.getInt("rotation"),
                case.getBoolean("mirror"),
            )
            assertTrue("$case", difference(case.picture("rgb"), out) <= 1)
        }
    }

    @Test
    fun `grey is the luma, and colours are BT 601 in full range`() {
        for (y in 0..255) {
            val grey = OPAQUE or (y shl 16) or (y shl 8) or y
            assertEquals(setOf(grey), converted(flat(34, 26, y, 128, 128), 8, 9, 0, false).toSet())
        }
        val red = converted(flat(8, 8, 76, 85, 255), 2, 2, 0, false)
        assertTrue(difference(IntArray(4) { 0xFF0000 }, red) <= 1)
        val blue = converted(flat(8, 8, 29, 255, 107), 2, 2, 90, true)
        assertTrue(difference(IntArray(4) { 0x0000FF }, blue) <= 1)
        assertEquals(0xFF, red[0] ushr 24)
    }

    @Test
    fun `turning and mirroring a frame is turning and mirroring its picture`() {
        repeat(40) {
            val frame = noisy(random.nextInt(2, 90), random.nextInt(2, 90))
            val width = random.nextInt(1, 40)
            val height = random.nextInt(1, 40)
            val upright = converted(frame, width, height, 0, false)
            val right = turned(upright, width)
            val down = turned(right, height)
            val left = turned(down, width)
            assertArrayEquals(right, converted(frame, height, width, 90, false))
            assertArrayEquals(down, converted(frame, width, height, 180, false))
            assertArrayEquals(left, converted(frame, height, width, 270, false))
            assertArrayEquals(upright, turned(left, height))
            assertArrayEquals(mirrored(upright, width), converted(frame, width, height, 0, true))
            assertArrayEquals(mirrored(right, height), converted(frame, height, width, 90, true))
        }
    }

    @Test
    fun `the middle is taken`() {
        // White in the middle square of a wide and of a high frame, black around it.
        val middle = { width: Int, height: Int ->
            frame(width, height, { i ->
                val x = i % width - (width - 40) / 2
                val y = i / width - (height - 40) / 2
                if (x in 0 until 40 && y in 0 until 40) -1 else 0
            }, { -128 }, { -128 })
        }
        for (frame in listOf(middle(80, 40), middle(40, 70))) {
            assertEquals(setOf(-1), converted(frame, 10, 10, 0, false).toSet())
            assertEquals(setOf(-1), converted(frame, 17, 17, 270, true).toSet())
        }
        assertEquals(2, converted(middle(80, 40), 20, 10, 0, false).toSet().size)
    }

    @Test
    fun `fine stripes become grey instead of a coarse pattern`() {
        val stripes = frame(640, 480, { if (it % 2 == 0) 0 else -1 }, { -128 }, { -128 })
        for (pixel in converted(stripes, 160, 120, 0, false)) assertTrue(red(pixel) in 126..129)
        val out = converted(stripes, 256, 256, 0, false)
        assertTrue(out.map(::red).average() in 126.0..129.0)
    }

    @Test
    fun `a picture of one pixel is the mean of the frame`() {
        repeat(20) {
            val side = random.nextInt(3, 70)
            val values = ByteArray(side * side).also(random::nextBytes)
            val frame = frame(side, side, values::get, { -128 }, { -128 })
            val whole = converted(frame, 1, 1, 0, false)[0]
            val mean = values.map { it.toInt() and 0xFF }.average()
            assertEquals(mean, red(whole).toDouble(), ROUNDING)
        }
    }

    @Test
    fun `one converter serves frames of changing sizes and rotations`() {
        val converter = YuvToRgb(12, 20)
        val out = IntArray(12 * 20)
        repeat(20) {
            val frame = noisy(random.nextInt(2, 60), random.nextInt(2, 60))
            val rotation = 90 * random.nextInt(4)
            converter.convert(frame, rotation, false, out)
            assertArrayEquals(converted(frame, 12, 20, rotation, false), out)
        }
    }

    @Test
    fun `a frame of a phone's size is averaged, not sampled`() {
        val values = ByteArray(1280 * 720).also(random::nextBytes)
        val out = converted(frame(1280, 720, values::get, { -128 }, { -128 }), 64, 64, 90, true)
        // Noise of deviation 74 keeps some 6.4 of it where 127 pixels are averaged.
        val mean = out.map(::red).average()
        val variance = out.map { (red(it) - mean) * (red(it) - mean) }.average()
        assertEquals(6.4, sqrt(variance), 0.5)
    }

    @Test
    fun `an odd rotation is refused`() {
        val error = assertThrows(IllegalArgumentException::class.java) {
            converted(flat(4, 4, 0, 0, 0), 2, 2, 45, false)
        }
        assertEquals("a frame cannot be rotated by 45", error.message)
    }

    private companion object {
        /** Half a step, and what weights and scaled planes are rounded by before. */
        const val ROUNDING = 0.6
    }
}
