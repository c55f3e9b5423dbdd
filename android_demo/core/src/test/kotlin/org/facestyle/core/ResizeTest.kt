package org.facestyle.core

import org.junit.Assert.assertArrayEquals
import org.junit.Assert.assertEquals
import org.junit.Assert.assertThrows
import org.junit.Assert.assertTrue
import org.junit.Test
import kotlin.random.Random

class ResizeTest {
    @Test
    fun `covers as Python does`() {
        var values = 0
        var different = 0
        for (case in Vectors.read("cover").getJSONArray("cases").objects()) {
            val photo = case.picture("rgb")
            for (wanted in case.getJSONArray("covered").objects()) {
                val out = cover(
                    photo,
                    case.getInt("width"),
                    case.getInt("height"),
                    wanted.getInt("width"),
                    wanted.getInt("height"),
                )
                val theirs = wanted.picture("rgb")
                values += 3 * out.size
                different += differing(theirs, out)
                assertTrue(difference(theirs, out) <= 1)
            }
        }
        println("cover: $different of $values values differ from Python's, by one step")
        assertTrue("$different of $values", different <= 1e-3 * values)
    }

    @Test
    fun `a picture of the wanted size stays as it is`() {
        val picture = noise(35, Random(4))
        assertArrayEquals(picture, cover(picture, 7, 5, 7, 5))
    }

    @Test
    fun `without scaling the middle is cut out`() {
        val picture = noise(9 * 4, Random(5))
        assertArrayEquals(
            IntArray(16) { picture[it / 4 * 9 + it % 4 + 2] },
            cover(picture, 9, 4, 4, 4),
        )
    }

    @Test
    fun `one colour stays one colour at any size`() {
        val random = Random(6)
        repeat(200) {
            val colour = OPAQUE or random.nextInt(0x1000000)
            val (w, h, width, height) = List(4) { random.nextInt(1, 50) }
            val out = cover(IntArray(w * h) { colour }, w, h, width, height)
            assertEquals(setOf(colour), out.toSet())
        }
    }

    @Test
    fun `mirroring commutes where all sides fit evenly`() {
        val picture = noise(64 * 64, Random(7))
        fun mirrored(p: IntArray, w: Int) = IntArray(p.size) { p[it / w * w + w - 1 - it % w] }
        val out = cover(mirrored(picture, 64), 64, 64, 16, 16)
        assertTrue(difference(mirrored(cover(picture, 64, 64, 16, 16), 16), out) <= 1)
    }

    @Test
    fun `a sliver and a single pixel are covered`() {
        assertEquals(64, cover(noise(4000, Random(8)), 4000, 1, 8, 8).size)
        assertEquals(setOf(-1), cover(intArrayOf(-1), 1, 1, 30, 20).toSet())
    }

    @Test
    fun `too few pixels are refused`() {
        assertThrows(IllegalArgumentException::class.java) { cover(IntArray(5), 3, 2, 1, 1) }
    }
}
