package org.facestyle.core

import org.junit.Assert.assertEquals
import org.junit.Assert.assertTrue
import org.junit.Test
import kotlin.random.Random

class PhotoBudgetTest {
    @Test
    fun `a photo is decoded by a power of two, never below what is wanted`() {
        assertEquals(1, sampleSize(4000, 4000))
        assertEquals(1, sampleSize(4000, 2001))
        assertEquals(2, sampleSize(4000, 2000))
        assertEquals(4, sampleSize(4000, 700))
        assertEquals(1, sampleSize(100, 700))
    }

    @Test
    fun `with enough memory it is as large as it is`() {
        assertEquals(4000, longSideWithin(4000, 3000, 96_000_000, 1280))
        assertEquals(4000, longSideWithin(3000, 4000, 96_000_000, 1280))
        assertEquals(600, longSideWithin(600, 400, 0, 1280))
    }

    @Test
    fun `it keeps within what there is, or at the least`() {
        val random = Random(4)
        repeat(500) {
            val (width, height) = List(2) { random.nextInt(1, 9000) }
            val bytes = random.nextLong(0, 400_000_000)
            val side = longSideWithin(width, height, bytes, 1280)
            val whole = maxOf(width, height)
            assertTrue(side in 1..whole)
            val fits = photoBytes(width, height, side) <= bytes
            assertTrue("$width x $height in $bytes: $side", fits || side == minOf(whole, 1280))
        }
    }

    @Test
    fun `between two powers of two the decoded photo counts whole`() {
        // At .7 of its size it is decoded whole: 48 MB, and 23.5 more for the result.
        assertEquals(48_000_000L + 23_520_000, photoBytes(4000, 3000, 2800))
        // At half of it a quarter is decoded.
        assertEquals(24_000_000L, photoBytes(4000, 3000, 2000))
    }
}
