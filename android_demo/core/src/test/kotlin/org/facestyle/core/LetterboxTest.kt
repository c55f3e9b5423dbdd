package org.facestyle.core

import org.junit.Assert.assertArrayEquals
import org.junit.Assert.assertEquals
import org.junit.Assert.assertTrue
import org.junit.Test
import kotlin.random.Random

class LetterboxTest {
    private val random = Random(11)

    @Test
    fun `what was put in comes out, and one side is filled`() {
        repeat(300) {
            val (w, h, width, height) = List(4) { random.nextInt(1, 60) }
            val box = Letterbox(w, h, width, height)
            assertTrue(box.width == width || box.height == height)
            assertTrue(box.width in 1..width && box.height in 1..height)
            val picture = noise(box.width * box.height, random)
            val padded = box.pad(picture)
            assertEquals(width * height, padded.size)
            assertArrayEquals(picture, box.crop(padded))
        }
    }

    @Test
    fun `the rest is mirrored without repeating the edge`() {
        val box = Letterbox(photoWidth = 3, photoHeight = 9, outerWidth = 9, outerHeight = 9)
        val row = box.pad(IntArray(27) { it % 3 }).take(9)
        assertEquals(listOf(1, 2, 1, 0, 1, 2, 1, 0, 1), row)
    }
}
