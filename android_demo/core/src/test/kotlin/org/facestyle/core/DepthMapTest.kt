package org.facestyle.core

import org.junit.Assert.assertEquals
import org.junit.Assert.assertThrows
import org.junit.Assert.assertTrue
import org.junit.Test
import java.nio.ByteBuffer
import java.nio.ByteOrder
import kotlin.random.Random

class DepthMapTest {
    private fun frame(width: Int, height: Int, padding: Int = 0, sample: (Int, Int) -> Int) =
        DepthFrame(width, height, ByteBuffer.allocate(0), 2 * width + padding).apply {
            buffer = ByteBuffer.allocateDirect(rowStride * height).order(ByteOrder.nativeOrder())
            for (y in 0 until height) {
                for (x in 0 until width) {
                    buffer.putShort(y * rowStride + 2 * x, sample(x, y).toShort())
                }
            }
        }

    private fun map(
        frame: DepthFrame,
        width: Int,
        height: Int,
        rotation: Int = 0,
        mirror: Boolean = false,
    ) =
        FloatArray(width * height).also {
            DepthMap(width, height).convert(frame, rotation, mirror, it)
        }

    @Test
    fun `near is 0 and far is 1`() {
        val found = map(frame(20, 10) { x, _ -> if (x < 10) 500 else 3000 }, 20, 10)
        for (i in found.indices) assertEquals(if (i % 20 < 10) 0f else 1f, found[i], 0f)
    }

    @Test
    fun `distances in between are in proportion`() {
        val found = map(frame(101, 4) { x, _ -> 1000 + 10 * x }, 101, 4)
        // 5 % at either end are cut off.
        assertEquals(0f, found[2], 0f)
        assertEquals(0.5f, found[50], 0.01f)
        assertEquals(1f, found[98], 0f)
    }

    @Test
    fun `what the camera does not know is far`() {
        val unsure = 1 shl 13
        val found = map(frame(4, 1) { x, _ -> listOf(400, 0, unsure or 400, 2000)[x] }, 4, 1)
        assertEquals(listOf(0f, 1f, 1f, 1f), found.toList())
    }

    @Test
    fun `how sure it is does not change the distance`() {
        val found = map(frame(2, 1) { x, _ -> if (x == 0) 7 shl 13 or 400 else 2000 }, 2, 1)
        assertEquals(listOf(0f, 1f), found.toList())
    }

    @Test
    fun `a flat wall is all near`() {
        val noise = Random(1)
        val found = map(frame(30, 30) { _, _ -> 1000 + noise.nextInt(9) }, 30, 30)
        assertTrue(found.max() < 0.05f)
    }

    @Test
    fun `a frame of nothing known is all far`() {
        assertTrue(map(frame(8, 8) { _, _ -> 0 }, 4, 4).all { it == 1f })
    }

    @Test
    fun `it is turned and mirrored as pictures are`() {
        val noise = Random(2)
        val picture = IntArray(6 * 8) { 300 + 5 * it + noise.nextInt(5) }
        val wanted = map(frame(6, 8) { x, y -> picture[6 * y + x] }, 6, 8)
        for (mirror in listOf(false, true)) {
            for (rotation in listOf(0, 90, 180, 270)) {
                // The sensor's picture, which these make upright again.
                val (wide, tall) = if (rotation % 180 == 0) 6 to 8 else 8 to 6
                val sensor = frame(wide, tall, padding = 4) { x, y ->
                    val (right, down) = when (rotation) {
                        0 -> x to y
                        90 -> tall - 1 - y to x
                        180 -> wide - 1 - x to tall - 1 - y
                        else -> y to wide - 1 - x
                    }
                    picture[6 * down + if (mirror) 5 - right else right]
                }
                val found = map(sensor, 6, 8, rotation, mirror)
                for (i in found.indices) {
                    assertEquals("$rotation $mirror $i", wanted[i], found[i], 1e-5f)
                }
            }
        }
    }

    @Test
    fun `the middle is taken where shapes differ`() {
        // The outer quarters, which do not belong to the square, are beyond the camera's reach.
        val found = map(frame(8, 4) { x, _ -> if (x in 2..5) 500 else 0 }, 4, 4)
        assertTrue(found.all { it == 0f })
    }

    @Test
    fun `a sudden change comes slowly`() {
        val map = DepthMap(10, 10)
        val out = FloatArray(100)
        map.convert(frame(10, 10) { x, _ -> 1000 + 200 * x }, 0, false, out)
        val before = out[55]
        map.convert(frame(10, 10) { x, _ -> if (x < 2) 100 else 1000 + 200 * x }, 0, false, out)
        assertEquals(before, out[55], 0.1f)
    }

    @Test
    fun `enlarged, a ramp stays one and edges stay where they are`() {
        val ramp = FloatArray(4 * 3) { (it % 4) / 4f + (it / 4) / 16f }
        val found = enlarged(ramp, 4, 3, 8, 6)
        for (i in found.indices) {
            val x = ((i % 8 + 0.5f) / 2 - 0.5f).coerceIn(0f, 3f)
            val y = ((i / 8 + 0.5f) / 2 - 0.5f).coerceIn(0f, 2f)
            assertEquals("$i", x / 4 + y / 16, found[i], 1e-6f)
        }
        assertEquals(ramp.toList(), enlarged(ramp, 4, 3, 4, 3).toList())
        assertThrows(IllegalArgumentException::class.java) { enlarged(ramp, 5, 3, 8, 6) }
    }
}
